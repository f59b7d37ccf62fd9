"""The command that installs a package here: by the package manager that is there, not by the distribution's name."""

from __future__ import annotations

from paddock.process import find

MANAGERS = (
    ("apt-get", "sudo apt-get install -y"),
    ("dnf", "sudo dnf install -y"),
    ("zypper", "sudo zypper install -y"),
    ("pacman", "sudo pacman -S --noconfirm"),
    ("apk", "sudo apk add"),
)
# Where a package is not called as its program.
_NAMES = {
    "newuidmap": {
        "apt-get": "uidmap",
        "dnf": "shadow-utils",
        "zypper": "shadow",
        "pacman": "shadow",
        "apk": "shadow-uidmap",
    },
    "qemu-system-x86_64": {"apt-get": "qemu-system-x86", "pacman": "qemu-base"},
    "qemu-system-aarch64": {"apt-get": "qemu-system-arm", "pacman": "qemu-base"},
}


def install(program: str) -> str:
    """What an administrator types; where no package manager is known, what to look for."""
    for manager, words in MANAGERS:
        if find(manager):
            return f"{words} {_NAMES.get(program, {}).get(manager, program)}"
    return f"install {program} with this machine's package manager"
