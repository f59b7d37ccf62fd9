"""What the container reaches, and who reaches it."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, feature, file, flags, hook, label, of, setting

PORTS = {"3000": {"onAutoForward": "openBrowser"}}
FIREWALL = "sudo /usr/local/bin/init-firewall.sh"


def networks(said: str, declared: str) -> Scene:
    (name, written), *_ = compose(said).files
    return replace(compose(), files=((name, f"{written}networks: {declared}\n"),))


FOUND = [
    (
        "DC301",
        "a service with one way out",
        networks("networks: [inner, outer]", "{inner: {internal: true}, outer: {}}"),
    ),
    ("DC301", "a network of another project", networks("networks: [x]", "{x: {external: true}}")),
    ("DC309", "the host's localhost", flags("--network=slirp4netns:allow_host_loopback=true")),
    ("DC309", "the host's localhost by pasta", flags("--network", "pasta:-t,none,-T,auto")),
    ("DC301", "nothing is said", file()),
    ("DC301", "the engine's own", flags("--network=bridge")),
    ("DC301", "a service", compose()),
    ("DC302", "iptables", hook("iptables -P OUTPUT DROP", "postStartCommand")),
    ("DC302", "a script of that name", hook(FIREWALL, "postStartCommand")),
    ("DC302", "by the label alone", label(postStartCommand=FIREWALL)),
    ("DC303", "a string", file(appPort="8000:8000")),
    ("DC303", "in a list", file(appPort=[3000, "8000:8000"])),
    ("DC303", "by -p", flags("-p", "8080:80")),
    ("DC303", "all addresses", flags("--publish=0.0.0.0:8080:80")),
    ("DC303", "everything", flags("-P")),
    ("DC303", "a service's", compose("ports: ['8080:80']")),
    ("DC303", "with the administrator's rights", file(portsAttributes={"80": {"elevateIfNeeded": True}})),
    ("DC304", "SSH", file(features={"registry.example.test/devcontainers/features/sshd:1": {}})),
    ("DC304", "an editor for all", file(features={"registry.example.test/x/y/code-server:1": {"auth": "none"}})),
    ("DC304", "a tunnel", hook("nohup ngrok http 3000 &", "postStartCommand")),
    ("DC305", "an install before it", hook(FIREWALL, "postStartCommand", onCreateCommand="npm ci")),
    ("DC305", "a tool that connects before it", hook(FIREWALL, "postStartCommand")),
    ("DC306", "for one port", file(portsAttributes=PORTS)),
    ("DC306", "for all others", file(otherPortsAttributes={"onAutoForward": "openPreview"})),
    ("DC306", "by the label alone", label(portsAttributes=PORTS)),
    ("DC307", "said", file(portsAttributes={"3000": {"visibility": "public"}})),
    ("DC307", "done", hook("gh codespace ports visibility 3000:public -c x")),
    ("DC308", "another server", flags("--dns=192.0.2.53")),
    ("DC308", "a service's", compose("dns: [192.0.2.53]")),
    ("DC309", "the host", flags("--add-host=host.docker.internal:host-gateway")),
    ("DC309", "a service's", compose("extra_hosts: ['h:host-gateway']")),
    ("DC310", "all interfaces", setting("remote.localPortHost", "allInterfaces")),
    ("DC311", "Node", file(containerEnv={"NODE_TLS_REJECT_UNAUTHORIZED": "0"})),
    ("DC311", "curl", hook("curl -fsSLk https://example.test/x -o x")),
    ("DC311", "git", hook("git config --global http.sslVerify false")),
    ("DC311", "for one command", hook("GIT_SSL_NO_VERIFY=1 git clone https://example.test/x")),
    ("DC311", "the editor", setting("http.proxyStrictSSL", False)),
    ("DC311", "a Feature's script", feature("wget --no-check-certificate https://example.test/x\n")),
]
QUIET = [
    ("DC301", "a service on internal networks", networks("networks: [inner]", "{inner: {internal: true}}")),
    ("DC301", "a default network that is internal", networks("init: true", "{default: {internal: yes}}")),
    ("DC309", "pasta with no way back", flags("--network", "pasta:-T,none,--no-map-gw")),
    ("DC301", "none", flags("--network=none")),
    ("DC301", "the host's, which is another rule's", flags("--network=host")),
    ("DC301", "a service without", compose("network_mode: none")),
    ("DC302", "a word of a message", hook("echo firewall is up")),
    ("DC302", "on the host", hook("iptables -L", "initializeCommand")),
    ("DC303", "a number", file(appPort=3000)),
    ("DC303", "this machine", file(appPort="127.0.0.1:8000:8000")),
    ("DC303", "forwarded", file(forwardPorts=[8000, "db:5432"])),
    ("DC303", "a flag that compose ignores", compose(runArgs=["-p", "8080:80"])),
    ("DC304", "an editor's Feature of another kind", file(features={"registry.example.test/x/y/code-formatter:1": {}})),
    ("DC304", "the editor itself", hook("code --version")),
    ("DC305", "first and waited for", hook(FIREWALL, "postStartCommand", waitFor="postStartCommand")),
    ("DC305", "no firewall", hook("npm ci")),
    ("DC306", "a notice", file(portsAttributes={"3000": {"onAutoForward": "notify"}})),
    ("DC307", "private", file(portsAttributes={"3000": {"visibility": "private"}})),
    ("DC308", "none", flags("--dns=none")),
    ("DC309", "another name", flags("--add-host=db:192.0.2.7")),
    ("DC310", "this machine", setting("remote.localPortHost", "localhost")),
    ("DC311", "checked", file(containerEnv={"NODE_TLS_REJECT_UNAUTHORIZED": "1"})),
    ("DC311", "an option that only looks so", hook("curl -K settings https://example.test/x")),
    ("DC311", "the editor, checked", setting("http.proxyStrictSSL", True)),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_a_way_in_without_a_login_is_worse() -> None:
    (found,) = of("DC304", file(features={"registry.example.test/x/y/code-server:1": {"auth": "none"}}))
    assert found.severity == "high"


def test_a_known_feature_counts_in_any_registry() -> None:
    desktop = file(features={"mirror.example.test/devcontainers/features/desktop-lite:1": {}})
    assert of("DC304", desktop)
    assert (
        of("DC304", replace(desktop, config={"features": {"mirror.example.test/devcontainers/features/node:1": {}}}))
        == []
    )
