from __future__ import annotations

import pytest

from paddock.boundary import packages


@pytest.mark.parametrize(
    ("manager", "program", "command"),
    [
        ("apt-get", "bubblewrap", "sudo apt-get install -y bubblewrap"),
        ("dnf", "podman", "sudo dnf install -y podman"),
        ("apk", "bubblewrap", "sudo apk add bubblewrap"),
        ("apt-get", "qemu-system-x86_64", "sudo apt-get install -y qemu-system-x86"),
        ("pacman", "qemu-system-aarch64", "sudo pacman -S --noconfirm qemu-base"),
        ("dnf", "qemu-system-x86_64", "sudo dnf install -y qemu-system-x86_64"),
        ("", "podman", "install podman with this machine's package manager"),
    ],
)
def test_the_command_is_that_of_the_package_manager_that_is_there(
    monkeypatch: pytest.MonkeyPatch, manager: str, program: str, command: str
):
    monkeypatch.setattr(packages, "find", lambda name: f"/usr/bin/{name}" if name == manager else None)
    assert packages.install(program) == command
