"""What goes wrong around the network: hosts that are mistyped, secrets that cannot be had, machines that are full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.real.internet import API

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.real.internet import Internet, Resident

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = needs("bubblewrap", "internet", "curl")
GREETING = f"hello from {API}\n"


@pytest.fixture
def run(resident: Resident, repo: Path) -> Run:
    """`run(flag, …, "--", command, …)`, with a policy of the person's where `policy` is given."""

    def call(*words: str, policy: str = "", timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        file = resident.home / ".config/paddock/policy.toml"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(policy)
        file.chmod(0o600)
        return resident.call("run", "--workspace", "scratch", *words, cwd=repo, timeout_s=timeout_s)

    return call


def ask(path: str = "") -> tuple[str, ...]:
    return ("--", "curl", "-sS", f"https://{API}/{path}")


# How people write a name, and how programs ask for it.


@pytest.mark.parametrize("spelt", ["API.Example.Test", "api.example.test.", "API.EXAMPLE.TEST.:443"])
def test_every_spelling_of_a_name_is_that_name(run: Run, spelt: str) -> None:
    assert run("--allow", spelt, *ask()).stdout == GREETING


@pytest.mark.parametrize("spelt", ["API.EXAMPLE.TEST", "api.example.test.", "Api.Example.Test."])
def test_a_program_may_spell_a_name_as_it_likes(run: Run, internet: Internet, spelt: str) -> None:
    done = run("--allow", API, "--allow", f"{API}:80", "--", "curl", "-sS", f"https://{spelt}/", f"http://{spelt}/")
    assert done.returncode == 0, done.stderr
    assert len(internet.requests()) == 2


def test_a_name_in_another_script_is_refused_with_the_form_that_is_meant(run: Run) -> None:
    done = run("--allow", "bücher.example.test", *ask())
    assert done.returncode == 126
    assert 'write "xn--bcher-kva.example.test"' in done.stderr
    there = run("--allow", "xn--bcher-kva.example.test", "--", "getent", "hosts", "xn--bcher-kva.example.test")
    assert there.returncode == 0


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("*", "would allow every host"),
        ("*.test", "top-level domain"),
        ("*.co.uk", "public suffix"),
        ("api.*.test", "whole labels, once and in front"),
        ("192.0.2.7", "is an address, not a name"),
        (f"https://{API}/", "expected a host name, not an address"),
        (f"{API}:99999", "a port from 1 to 65535"),
        ("a..test", "expected a host name"),
        ("a b.test", "expected a host name"),
        (f"{API}%00.test", "expected a host name"),
        ("", "expected a host name"),
        ("x" * 64 + ".test", "expected a host name"),
        ("\x1b[31m.test", "expected a host name"),
    ],
)
def test_what_is_no_host_or_is_every_host_is_refused_with_the_reason(run: Run, host: str, why: str) -> None:
    done = run("--allow", host, *ask())
    assert done.returncode == 126
    assert why in done.stderr
    assert done.stderr.startswith("paddock: --allow: ")
    assert done.stdout == ""
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr


def test_three_hundred_names(run: Run) -> None:
    """More than one message carries descriptors for."""
    names = [word for number in range(300) for word in ("--allow", f"n{number}.example.test")]
    first, last, other = (f"n{number}.example.test" for number in (0, 299, 300))
    script = f"curl -sS https://{API}/ && getent hosts {first} && getent hosts {last} && ! getent hosts {other}"
    done = run(*names, "--allow", API, "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(GREETING)
    assert f"refused {other};" in done.stderr


# Credentials that cannot be had.


def credential(source: str) -> str:
    rest = f'variables = ["TOKEN"]\nhosts = ["{API}"]\n'
    return f'[network]\nmode = "allow"\n[credentials.one]\nsource = {source}\n{rest}'


@pytest.mark.parametrize(
    ("source", "code", "why"),
    [
        ('"vault:secret/one"', 126, 'expected "env:NAME", "file:PATH", "keyring:SERVICE/USER", "command:'),
        ('"keyring:one"', 126, 'expected "keyring:SERVICE/USER"'),
        ('"command:false"', 125, "false gave no secret: status 1"),
        ('["/nonexistent/program", "x"]', 125, "there is no program /nonexistent/program"),
        ('"file:/"', 125, "/ is not a file"),
    ],
)
def test_a_credential_that_cannot_be_had_starts_nothing(run: Run, source: str, code: int, why: str) -> None:
    done = run("--", "echo", "ran", policy=credential(source))
    assert (done.returncode, done.stdout) == (code, "")
    assert why in done.stderr
    assert "\n  next  " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("source", ['"env:NOT_SET_HERE"', '"file:/nonexistent/token"'])
def test_a_secret_that_is_plainly_not_there_leaves_its_variable_unset(run: Run, source: str) -> None:
    done = run("--", "sh", "-c", "echo ${TOKEN-unset}", policy=credential(source))
    assert (done.returncode, done.stdout) == (0, "unset\n")
    assert "TOKEN stays unset" in done.stderr


# Services and machines that fail.


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (f"{API}:444", "no connection to the service could be made"),
        ("nowhere.example.test:443", "the name could not be resolved outside"),
    ],
)
def test_a_service_that_is_not_there_is_named_at_the_end(run: Run, place: str, why: str) -> None:
    done = run("--allow", place, "--", "curl", "-sS", f"https://{place}/")
    assert done.returncode == 35
    assert done.stderr.splitlines()[-1] == f"paddock: network: allowed, but failed: {place} ({why})"


@pytest.fixture
def few_ports(resident: Resident) -> Iterator[None]:
    """A host that can have four connections to one place."""
    setting = "/proc/sys/net/ipv4/ip_local_port_range"
    resident.administer(f'echo "61000 61003" > {setting}')
    yield
    resident.administer(f'echo "32768 60999" > {setting}')


HOLD = """
import socket, sys
held = []
for number in range(8):
    held.append(socket.create_connection((sys.argv[1], 80), 20))
    held[-1].sendall(b"GET / HTTP/1.1\\r\\nHost: " + sys.argv[1].encode() + b"\\r\\n\\r\\n")
    print(held[-1].recv(4096).split(b"\\r\\n")[0].decode())
for one in held:
    one.close()
"""


def test_a_machine_without_free_ports_says_so_and_goes_on(
    run: Run, resident: Resident, repo: Path, few_ports: None
) -> None:
    done = run("--allow", f"{API}:80", "--", "/usr/bin/python3", "-c", HOLD, API)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert set(answers[:4]) == {"HTTP/1.1 200 OK"}
    assert all(line.startswith("HTTP/1.1 503 Service Unavailable (paddock: ") for line in answers[4:])
    assert "has no port, descriptor or memory left" in answers[-1]
    assert f"allowed, but failed: {API}:80" in done.stderr
    verified = resident.call("log", "verify", cwd=repo)
    assert (verified.returncode, verified.stdout.split()[0]) == (0, "whole")
    shown = resident.call("net", "log", cwd=repo).stdout
    assert len(re.findall(r"(?m) failed +connection .* no port", shown)) == 4


@pytest.fixture
def small_disk(resident: Resident) -> Iterator[None]:
    """A host on which Paddock's state has 256 KiB."""
    state = str(resident.home / ".local/state")
    resident.administer('mount -t tmpfs -o size=256k,mode=0777 none "$1"', state)
    yield
    resident.administer('umount --lazy "$1"', state)


FILL = """
import socket, subprocess, sys
for number in range(4000):
    try:
        socket.getaddrinfo(f"name-{number}.example.test", 443)
    except OSError as error:
        if error.errno != socket.EAI_NONAME:
            break
print(number, flush=True)
sys.exit(subprocess.run(["curl", "-sS", f"https://{sys.argv[1]}/"]).returncode)
"""


def test_a_full_disk_ends_the_network_and_not_the_record(
    run: Run, resident: Resident, repo: Path, internet: Internet, small_disk: None
) -> None:
    done = run("--allow", API, "--", "/usr/bin/python3", "-c", FILL, API)
    assert done.returncode == 6, done.stderr  # of curl: there are no names any more
    assert 100 < int(done.stdout) < 3999
    assert not internet.requests()
    assert "the record could not be written" in done.stderr
    assert "from then on the sandbox had none" in done.stderr
    verified = resident.call("log", "verify", cwd=repo)
    assert verified.stdout.startswith("open ")  # not closed, and nothing of it changed
    assert verified.returncode == 0
    assert "name-0.example.test" in resident.call("log", "show", cwd=repo).stdout
    again = run("--allow", API, *ask())
    assert again.returncode != 0
    assert not internet.requests()
    assert "No space left on device" in again.stderr
    assert "Traceback" not in done.stderr + again.stderr
