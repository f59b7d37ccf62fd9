"""What a test needs from the machine, found out by trying.

`@needs("bubblewrap", "git")` on a test: where one is missing, the test is skipped with the reason on a
person's laptop and *fails* when CI is set, so that nothing passes there by not running.
`root` and `user` are no capabilities but rows of a table: the suite runs once as each, and what belongs to
the other is left out by name, with a count in the closing lines (`tests/conftest.py`).
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

IS_ROOT = os.geteuid() == 0
OTHER_ROW = "user" if IS_ROOT else "root"  # tests with this mark belong to the other run


def needs(*names: str) -> pytest.MarkDecorator:
    """A mark for a test, class or module (`pytestmark = needs("git")`) that needs all of `names`."""
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        message = f"no such capability: {', '.join(unknown)}; known: {', '.join(sorted(KNOWN))}"
        raise ValueError(message)
    return pytest.mark.needs(*names)


def require(*names: str) -> None:
    """The same, inside a test or fixture."""
    needs(*names)
    for name in names:
        reason = missing(name)
        if reason and os.environ.get("CI"):
            pytest.fail(f"needs {name}, and CI must have it: {reason}", pytrace=False)
        if reason:
            pytest.skip(f"needs {name}: {reason}")


@functools.cache
def missing(name: str) -> str:
    """Why this machine lacks a capability, or nothing."""
    return KNOWN[name]()


def _program(*names: str) -> Callable[[], str]:
    def find() -> str:
        return "" if any(map(shutil.which, names)) else f"no {' or '.join(names)} on PATH"

    return find


def _tried(*argv: str, timeout_s: float = 30) -> str:
    """Nothing when the command ended well, else its last line."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{argv[0]}: {error}"
    said = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"{argv[0]} ended with {done.returncode}")


def _bubblewrap() -> str:
    return _tried("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true")


def _userns() -> str:
    return _tried("unshare", "--user", "--map-root-user", "true")


def _overlay() -> str:
    with tempfile.TemporaryDirectory() as base:
        for name in ("lower", "upper", "work", "merged"):
            os.mkdir(f"{base}/{name}")
        script = 'cd "$1" && mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged'
        failure = _tried("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", script, "sh", base)
        if os.path.isdir(f"{base}/work/work"):
            os.chmod(f"{base}/work/work", 0o700)  # overlayfs makes it 000
        return failure


def _landlock() -> str:
    create_ruleset, want_version = 444, 1  # landlock_create_ruleset(2)
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(ctypes.c_long(create_ruleset), None, ctypes.c_size_t(0), ctypes.c_uint32(want_version))
    return "" if found > 0 else f"the kernel says {os.strerror(ctypes.get_errno())}"


def _internet() -> str:
    """Network namespaces with interfaces between them, and /etc/hosts of one's own: see tests/real/internet.py."""
    own = () if IS_ROOT else ("--user", "--map-root-user")
    script = "mount --bind /etc/hosts /etc/hosts && ip link add near type veth peer name far"
    return _program("ip")() or _tried("unshare", *own, "--mount", "--net", "sh", "-ec", script)


def _podman() -> str:
    """A container, as the boundary's own trial starts one."""
    from paddock.boundary import podman_trial

    with tempfile.TemporaryDirectory() as base:
        found = podman_trial.available(base)
        return "" if found.ok else found.reason


def _docker() -> str:
    """Docker's programs; whether its daemon runs is for whoever starts one (`tests.docker`)."""
    names = ("docker", "dockerd") if IS_ROOT else ("docker", "dockerd", "rootlesskit", "newuidmap")
    return next(filter(None, (_program(name)() for name in names)), "")


def _registries() -> str:
    return _tried("npm", "view", "is-number", "version", timeout_s=120)


KNOWN: dict[str, Callable[[], str]] = {
    "bubblewrap": _bubblewrap,
    "userns": _userns,
    "overlay": _overlay,
    "landlock": _landlock,
    "registries": _registries,
    "internet": _internet,
    "docker": _docker,
    "unshare": _program("unshare"),
    "git": _program("git"),
    "less": _program("less"),
    "direnv": _program("direnv"),
    "make": _program("make"),
    "node": _program("node"),
    "npm": _program("npm"),
    "apt": _program("apt-get"),
    "cargo": _program("cargo"),
    "go": _program("go"),
    "java": _program("javac"),
    "rust": _program("rustc"),
    "vim": _program("vim", "vim.tiny"),
    "strace": _program("strace"),
    "gcc": _program("gcc"),
    "curl": _program("curl"),
    "openssl": _program("openssl"),
    "ssh-keygen": _program("ssh-keygen"),
    "dbus-daemon": _program("dbus-daemon"),
    "gnome-keyring-daemon": _program("gnome-keyring-daemon"),
    "secret-tool": _program("secret-tool"),
    "bash": _program("bash"),
    "zsh": _program("zsh"),
    "fish": _program("fish"),
    "man": _program("man"),
    "podman": _podman,
    "gvisor": lambda: _program("runsc")() or _podman(),
    "busybox": _program("busybox"),
}
