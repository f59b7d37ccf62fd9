"""What a machine tells of itself, in files of the test's own."""

from __future__ import annotations

import builtins
import os
from typing import TYPE_CHECKING

import pytest

from paddock.plan.etc import HOSTS
from paddock.probes.inside import machine
from paddock.probes.inside.effects import Given

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY, ENGINE = "198.18.0.7 registry.example.test\n", "192.0.2.2\thost.containers.internal\n"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (HOSTS, []),
        ("# 192.0.2.1 of-old\n\n::1%lo x\nff02::1 ip6-allnodes\nfe00::0 ip6-localnet\nnot-an-address y\n", []),
        (GATEWAY, []),
        (ENGINE, ["knows 192.0.2.2"]),
        ("127.0.1.1\tlaptop-of-ada laptop-of-ada.example.test\n", ["knows laptop-of-ada"]),
        ("fd00::5 printer\n10.0.0.8 nas\n", ["knows fd00::5", "knows 10.0.0.8"]),
    ],
)
def test_the_hosts_name_and_addresses_are_told_from_the_sandboxs_own(
    content: str, found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hosts"
    file.write_text(content)
    real = open
    monkeypatch.setattr(builtins, "open", lambda path, *more, **named: real(file, *more, **named))
    told = Given({"hashes": [], "home": "/", "repo": "/", "numbers": {}, "nodename": "laptop-of-ada"})
    assert machine.hosts(told) == found


def test_a_sandbox_without_a_name_of_its_own_is_the_business_of_another_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hosts"
    file.write_text(f"127.0.1.1 {os.uname().nodename}\n")
    real = open
    monkeypatch.setattr(builtins, "open", lambda path, *more, **named: real(file, *more, **named))
    told = Given({"hashes": [], "home": "/", "repo": "/", "numbers": {}, "nodename": os.uname().nodename})
    assert machine.hosts(told) == []
