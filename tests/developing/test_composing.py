"""A compose project as one sandbox: who runs, by which names, what of it is left out, and that all of it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from paddock.boundary import images
from paddock.devcontainer import finding
from paddock.devcontainer.effective import effective
from paddock.devcontainer.labels import NotKnown
from paddock.devcontainer.service import Project
from paddock.developing import composing
from paddock.developing.lending import Lent
from paddock.errors import Refused
from tests import busybox, podman
from tests.boundary.field import wait_for
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person

    Make = Callable[..., Path]

# The services are asked through the network: they have nothing else in common with the person's container.
SERVE = 'exec httpd -f -p {port} -h "$$PWD"'


@pytest.fixture
def composed(tmp_path: Path) -> Make:
    """A repository whose dev container is a compose project with these services."""

    def make(services: dict[str, dict[str, Any]], **keys: Any) -> Path:
        place = tmp_path / "a project"
        (place / ".devcontainer").mkdir(parents=True)
        said = {"dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/workspaces/app", **keys}
        (place / ".devcontainer/devcontainer.json").write_text(json.dumps(said))
        own = {"image": busybox.IMAGE, "command": "sleep infinity", "volumes": ["..:/workspaces/app"]}
        whole = {name: {"image": busybox.IMAGE, **keys} for name, keys in services.items()}
        text = json.dumps({"services": {**whole, "app": {**own, **services.get("app", {})}}})
        (place / ".devcontainer/compose.yaml").write_text(text)  # which is YAML
        subprocess.run(["git", "init", "-q", str(place)], check=True)
        return place

    return make


def composed_of(place: Path, monkeypatch: pytest.MonkeyPatch, **environ: str) -> composing.Composed:
    """As `standing.ready` does, with images that are taken for granted."""
    monkeypatch.setattr(images, "look", lambda name: type("Known", (), {"identifier": f"id of {name}"}))
    lent = Lent(environ, ["SHOWN"])
    whole = effective(
        finding.find(str(place)), environment=lent, with_id=True, ask=lambda name: NotKnown(name, "not asked")
    )
    assert isinstance(whole.project, Project)
    return composing.compose(whole, whole.project, lent)


# --- on paper ---


def test_whoever_others_depend_on_is_started_first_and_a_circle_ends(composed: Make, monkeypatch: Any) -> None:
    place = composed(
        {
            "app": {"depends_on": ["web"]},
            "web": {"depends_on": ["queue", "db"]},
            "queue": {"depends_on": ["db", "web"]},
            "db": {},
            "other": {"profiles": ["rare"]},
        }
    )
    found = composed_of(place, monkeypatch)
    assert [one.name for one in found.services] == ["db", "queue", "web"]
    assert found.names == ("app", "db", "queue", "web")
    assert found.image == busybox.IMAGE
    assert found.services[0].image == f"id of {busybox.IMAGE}"


def test_only_the_services_that_are_named_run_and_those_they_need(composed: Make, monkeypatch: Any) -> None:
    place = composed({"web": {"depends_on": ["db"]}, "db": {}, "mail": {}}, runServices=["web"])
    assert [one.name for one in composed_of(place, monkeypatch).services] == ["db", "web"]


def test_words_are_split_as_compose_splits_them(composed: Make, monkeypatch: Any) -> None:
    place = composed(
        {
            "a": {"command": "echo 'two words' $$HOME", "entrypoint": ["/bin/sh", "-c"]},
            "b": {"command": ["echo 1", "2"], "working_dir": "/srv", "user": "70:70"},
            "c": {"command": []},
        }
    )
    a, b, c = composed_of(place, monkeypatch).services
    assert (a.command, a.entrypoint) == (("echo", "two words", "$HOME"), ("/bin/sh", "-c"))
    assert (b.command, b.entrypoint, b.folder, b.user) == (("echo 1", "2"), None, "/srv", "70:70")
    assert c.command == ()


def test_what_reaches_out_of_the_sandbox_is_left_out_and_said(composed: Make, monkeypatch: Any) -> None:
    place = composed(
        {
            "db": {
                "privileged": True, "cap_add": ["SYS_ADMIN"], "security_opt": ["seccomp=unconfined"], "pid": "host",
                "network_mode": "host", "devices": ["/dev/kvm"], "ports": ["5432:5432"],
                "volumes": ["/etc:/host", "/var/run/docker.sock:/var/run/docker.sock", "data:/data", "/cache"],
                "tmpfs": "/fast:size=1m", "env_file": "db.env", "environment": ["GITHUB_TOKEN", "A=1", "B_KEY=${B_KEY}", "C=${SHOWN}", "D=${OURS}", "E=x${OURS:-y}"],
                "depends_on": {"app": {"condition": "service_healthy"}},
            },
        }
    )  # fmt: skip
    found = composed_of(place, monkeypatch, GITHUB_TOKEN="t", B_KEY="secret", SHOWN="shown", OURS="hidden")
    (db,) = found.services
    assert db.scratch == ("/cache", "/data", "/fast")
    assert dict(db.environment) == {"A": "1", "C": "shown"}
    said = "\n".join(f"{one.what}: {one.why} ({one.where})" for one in found.left)
    for word in (
        "privileged", "SYS_ADMIN", "seccomp=unconfined", "--pid host", "--network host", "/dev/kvm", "port 5432:5432",
        "/etc:/host", "docker.sock", "env_file", "GITHUB_TOKEN", "B_KEY", "OURS of this machine", 'pass = ["OURS"]', "condition",
    ):  # fmt: skip
        assert word in said, word
    assert "/workspaces/app" not in said
    assert "/data" not in said
    assert "compose.yaml:1:" in said


@pytest.mark.parametrize(
    ("services", "keys", "code"),
    [
        ({}, {"service": "gone"}, "compose-service"),
        ({"db": {"image": None, "build": "."}}, {}, "compose-build"),
        ({"db": {"provider": {"type": "here"}}}, {}, "compose-provider"),
        ({"_-": {}}, {}, "compose-name"),
        ({"api.example.test": {}}, {}, "compose-name"),
        ({"host": {}}, {}, "compose-name"),
        ({"db": {"working_dir": "/proc/self/fd/8"}}, {}, "compose-place"),
        ({"db": {"volumes": ["data:/a/../proc"]}}, {}, "compose-place"),
        ({"db": {"tmpfs": "/sys/fs:size=1m"}}, {}, "compose-place"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    composed: Make, monkeypatch: Any, services: dict[str, Any], keys: dict[str, Any], code: str
) -> None:
    place = composed(services, **keys)
    with pytest.raises(Refused) as caught:
        composed_of(place, monkeypatch)
    assert caught.value.code == code
    assert caught.value.next_step


@pytest.mark.parametrize(
    "keys",
    [
        {"command": "curl https://example.test/${STRIPE_KEY}"},
        {"entrypoint": ["sh", "-c", "echo ${OURS:-none}"]},
        {"working_dir": "/${OURS}"},
        {"volumes": ["data:/${STRIPE_KEY}"]},
        {"tmpfs": ["/a", "/${OURS}"]},
        {"user": "$OURS"},
        {"image": "localhost/x:${OURS}"},
    ],
)
@pytest.mark.parametrize("whose", ["db", "app"])
def test_no_text_of_a_service_is_made_of_what_is_not_lent(
    composed: Make, monkeypatch: Any, keys: dict[str, Any], whose: str
) -> None:
    """.env is masked inside, and a command of a service would be a way around that."""
    place = composed({"db": {}, whose: keys})
    (place / ".devcontainer/.env").write_text("STRIPE_KEY=hunter2\n")
    with pytest.raises(Refused) as caught:
        composed_of(place, monkeypatch, OURS="hunter2")
    assert caught.value.code == "compose-variable"
    assert "hunter2" not in str(caught.value.why)
    assert f"the service {whose} " in caught.value.what
    keys = json.loads(json.dumps(keys).replace("OURS", "SHOWN").replace("STRIPE_KEY", "NAME"))
    shutil.rmtree(place)
    place = composed({"db": {}, whose: keys})
    (place / ".devcontainer/.env").write_text("NAME=seen\n")
    assert [one.name for one in composed_of(place, monkeypatch, SHOWN="1000").services] == ["db"]


# --- on this machine ---

running = needs("podman", "busybox", "git")


def up(ann: Person, place: Path) -> str:
    done = ann.call("devcontainer", "up", cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stderr


def asked(ann: Person, place: Path, script: str) -> str:
    done = ann.call("devcontainer", "exec", "--", "sh", "-c", script, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def beside(ann: Person) -> list[str]:
    """The services that there are. Root has one storage for all."""
    words = ["podman", "ps", "--all", "--format", "{{.Names}}"]
    names = subprocess.run(words, env=ann.environ, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in names if name.startswith(("paddock-db-", "paddock-web-"))]


def volumes(ann: Person) -> set[str]:
    words = ["podman", "volume", "ls", "--quiet"]
    return set(subprocess.run(words, env=ann.environ, capture_output=True, text=True, check=True).stdout.split())


def volumes_of(ann: Person, names: list[str]) -> set[str]:
    """Those of these containers. Others' come and go meanwhile, and root's are all in one place."""
    words = ["podman", "container", "inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", *names]
    return set(subprocess.run(words, env=ann.environ, capture_output=True, text=True, check=True).stdout.split())


@running
def test_services_run_beside_it_and_know_each_other_by_name(ann: Person, composed: Make) -> None:
    published = socket.socket()  # held, and nobody listens: who publishes it fails, and nobody else can take it
    published.bind(("127.0.0.1", 0))
    look = "mkdir /data/d; cd /data/d; (cat /proc/self/uid_map; grep CapEff /proc/self/status; ls /workspaces) > index.html; "
    ask = "cd /tmp; until wget -q -O - http://db:5432/ > index.html; do sleep 0.1; done; "
    place = composed(
        {
            "app": {"environment": {"WHERE": "db"}, "depends_on": ["web"]},
            "web": {"command": ["sh", "-c", ask + SERVE.format(port=8000)], "depends_on": ["db"]},
            "db": {
                "user": "0", "command": ["sh", "-c", look + SERVE.format(port=5432)], "volumes": ["data:/data"],
                "ports": [f"{published.getsockname()[1]}:5432"], "privileged": True,
            },
        },
        workspaceFolder="/workspaces/app",
    )  # fmt: skip
    said = up(ann, place)
    assert "left out: privileged of the service db" in said
    script = "until wget -q -O - http://web:8000/; do sleep 0.1; done; echo $WHERE; nslookup example.test 127.0.0.1 2>&1 | tail -1"
    seen = asked(ann, place, script)
    identity, capabilities = seen.split("\n")[0].split(), seen.split("\n")[1].split()
    assert identity[0] == "0"
    assert identity[1] not in ("0", str(os.getuid()))
    assert int(capabilities[1], 16) & (1 << 21) == 0  # CAP_SYS_ADMIN
    assert "db\n" in seen
    with socket.socket() as probe, published:  # nothing is published but by the policy
        assert probe.connect_ex(published.getsockname()) != 0
    kept = volumes_of(ann, beside(ann))
    assert kept
    assert ann.call("devcontainer", "rm", cwd=place).returncode == 0
    assert podman.left(ann) == []
    wait_for(lambda: not kept & volumes(ann))


@running
def test_a_service_that_ends_right_away_is_told_with_what_it_said(ann: Person, composed: Make) -> None:
    place = composed({"db": {"command": ["sh", "-c", "echo no data here >&2; exit 3"]}})
    # However long it takes to end here, and the engine's monitor to write down what it said.
    patient = "from paddock.boundary import services; services._SETTLE_S = services._WORDS_S = 60; "
    patient += "from paddock.cli.main import main; main()"
    argv = [*ann.argv()[:1], "-c", patient, "run", "--", "true"]
    done = subprocess.run(argv, cwd=place, env=ann.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the service db has ended: no data here" in done.stderr
    assert podman.left(ann) == []


@running
def test_a_service_that_cannot_be_started_leaves_nothing(ann: Person, composed: Make) -> None:
    place = composed({"web": {"command": "sleep 1000"}, "db": {"command": "/no/such/program", "depends_on": ["web"]}})
    done = ann.call("run", "--", "true", cwd=place)
    assert done.returncode == 125
    assert "the service db could not be started" in done.stderr
    assert podman.left(ann) == []


@running
def test_an_image_that_is_not_here_is_named_and_not_fetched(ann: Person, composed: Make) -> None:
    done = ann.call("run", "--", "true", cwd=composed({"db": {"image": "registry.example.test/db:1"}}))
    assert "there is no image registry.example.test/db:1 here" in done.stderr


@running
def test_all_of_them_end_when_paddock_is_killed(ann: Person, composed: Make) -> None:
    place = composed({"db": {"command": "sleep 1000", "volumes": ["/data"]}, "web": {"command": "sleep 1000"}})
    argv = ann.argv("run", "--quiet", "--", "sh", "-c", "echo up; sleep 1000")
    with subprocess.Popen(argv, cwd=place, env=ann.environ, stdout=subprocess.PIPE, text=True) as live:
        assert live.stdout
        try:
            said, there = live.stdout.readline(), beside(ann)
            kept = volumes_of(ann, there)
        finally:
            os.kill(live.pid, signal.SIGKILL)
    assert (said, len(there), bool(kept)) == ("up\n", 2, True)
    assert podman.left(ann) == []
    wait_for(lambda: not set(there) & set(beside(ann)))
    wait_for(lambda: not kept & volumes(ann))  # the engine removes them after their container
