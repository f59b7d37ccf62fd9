"""Credentials out of a real Secret Service: a keyring with its own bus, unlocked, locked, empty, and not there."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.conftest import Person
from tests.gateway.secure import Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = needs("bubblewrap", "git", "curl", "dbus-daemon", "gnome-keyring-daemon", "secret-tool")

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
ENTRY = ("service", "github", "username", "ann")
# A session's bus that starts nothing by itself: no keyring of the machine's, and no dialogue of any desktop.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={place}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""
# As much as a program of an agent could try, on the person's own bus.
STEAL = """
env | grep -c DBUS
export DBUS_SESSION_BUS_ADDRESS="$1"; secret-tool lookup service github username ann
for file in "$HOME/.local/share/keyrings" "${1#unix:path=}"; do test ! -e "$file" || echo "$file"; done
"""


@dataclass
class Desktop:
    """A person with a bus of their session, and a directory that no socket's name is too long in."""

    person: Person
    place: Path

    @contextmanager
    def keyring(self, password: str | None = None) -> Iterator[None]:
        """A keyring that runs: unlocked with a password, which the first one sets, else locked."""
        argv = ["gnome-keyring-daemon", "--foreground", "--components=secrets", f"--control-directory={self.place}"]
        with started([*argv, "--unlock"] if password else argv, self.person) as process:
            assert process.stdin is not None
            process.stdin.write((password or "").encode())
            process.stdin.close()
            wait_for(lambda: self.tool("search", *ENTRY).returncode == 0)
            yield

    def tool(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What `secret-tool` does for the person, outside."""
        return subprocess.run(
            ("secret-tool", *words),
            env=self.person.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def store(self) -> None:
        stored = self.tool("store", "--label=paddock", *ENTRY, stdin=SECRET)
        assert stored.returncode == 0, stored.stderr


@contextmanager
def started(argv: list[str], person: Person) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        argv, env=person.environ, cwd=person.home, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def desktop(person: Person) -> Iterator[Desktop]:
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desktop.")))
        bus = place / "bus"
        (place / "bus.conf").write_text(BUS.format(place=bus))
        one = Person(person.home, {**person.extra, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"})
        stack.enter_context(started(["dbus-daemon", "--nofork", f"--config-file={place}/bus.conf"], one))
        wait_for(bus.is_socket)
        yield Desktop(one, place)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(None) as made:
        yield made


@pytest.fixture
def run(desktop: Desktop, service: Service, repo: Path) -> Run:
    """`run(script, word, …)` in a sandbox that has the keyring's entry for the service."""
    policy = desktop.person.home / ".config/paddock/policy.toml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(
        f"""
[network]
mode = "allow"
[credentials.github]
source = "keyring:github/ann"
variables = ["GITHUB_TOKEN"]
hosts = ["host:{service.port}"]
"""
    )
    policy.chmod(0o600)

    def call(script: str, *words: str) -> subprocess.CompletedProcess[str]:
        # Longer than Paddock waits for a program, so that a keyring that keeps it waiting shows as its own error.
        return desktop.person.call("run", "--", "sh", "-c", script, "sh", *words, cwd=repo, timeout_s=240)

    return call


def test_an_unlocked_keyring_gives_the_secret_to_the_service_and_a_placeholder_inside(
    desktop: Desktop, service: Service, run: Run
) -> None:
    with desktop.keyring("a password"):
        desktop.store()
        done = run(
            f'echo "$GITHUB_TOKEN"; curl -s -H "Authorization: Bearer $GITHUB_TOKEN" http://host:{service.port}/'
        )
    assert done.returncode == 0, done.stderr
    placeholder = done.stdout.split("\n")[0]
    assert placeholder.startswith("ghp_")
    assert [dict(headers)["Authorization"] for _, headers, _ in service.seen] == [f"Bearer {SECRET}"]
    assert SECRET not in done.stdout + done.stderr


def test_the_keyring_itself_is_out_of_reach_inside(desktop: Desktop, run: Run) -> None:
    address = desktop.person.environ["DBUS_SESSION_BUS_ADDRESS"]
    with desktop.keyring("a password"):
        desktop.store()
        assert desktop.tool("lookup", *ENTRY).stdout == SECRET, "which outside gives it"
        done = run(STEAL, address)
    assert done.stdout == "0\n", done.stderr
    assert "secret-tool: " in done.stderr, "which is there, and could not connect"


def test_a_locked_keyring_is_an_error_at_once_that_says_so(desktop: Desktop, run: Run) -> None:
    with desktop.keyring("a password"):
        desktop.store()
    with desktop.keyring():
        done = run("echo ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert "the keyring did not give github/ann: it is locked" in done.stderr
    assert "\n  next  unlock it" in done.stderr


def test_an_entry_that_is_not_there_leaves_the_variable_unset_and_says_how_to_store_it(
    desktop: Desktop, run: Run
) -> None:
    with desktop.keyring("a password"):
        done = run("echo ${GITHUB_TOKEN-unset}")
        assert (done.returncode, done.stdout) == (0, "unset\n"), done.stderr
        assert "secret-tool store --label=paddock service github username ann" in done.stderr
        desktop.store()  # with that command
        assert run("echo ${GITHUB_TOKEN-unset}").stdout.startswith("ghp_")


def test_an_entry_of_another_name_is_not_taken(desktop: Desktop, run: Run) -> None:
    with desktop.keyring("a password"):
        other = desktop.tool("store", "--label=other", "service", "github", "username", "bob", stdin=SECRET)
        assert other.returncode == 0
        assert run("echo ${GITHUB_TOKEN-unset}").stdout == "unset\n"


def test_a_session_without_a_keyring_is_an_error_in_the_buses_words(run: Run) -> None:
    done = run("echo ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert "the keyring did not give github/ann" in done.stderr
    assert "org.freedesktop.secrets was not provided" in done.stderr
    assert "name another source" in done.stderr


def test_no_session_at_all_is_an_error(person: Person, desktop: Desktop, run: Run) -> None:
    desktop.person = person  # as after ssh(1): no bus
    done = run("echo ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert "the keyring did not give github/ann" in done.stderr
    assert "D-Bus" in done.stderr
