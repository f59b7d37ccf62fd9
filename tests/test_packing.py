"""The sandbox in which git reads what an agent wrote: what it can see, what it can do, what comes out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import packing
from paddock.errors import BoundaryUnavailable
from paddock.packing import pack
from paddock.workspace.git.parcel import INSIDE, Order, Packed
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer/own").write_text("own\n")
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects/theirs").write_text("theirs\n")
    (tmp_path / "secret").write_text("secret\n")
    return tmp_path


def ordered(world: Path, script: str, *, revisions: bytes = b"", limit_bytes: int = 1 << 20) -> tuple[Packed, bytes]:
    order = Order(
        layer=f"{world}/layer",
        shown=(f"{world}/objects",),
        files={"HEAD": "ref\n", "objects/info/alternates": "/x\n"},
        argv=("/bin/sh", "-euc", script),
        environment={"PATH": "/usr/bin:/bin", "ONLY": "this"},
        revisions=revisions,
        limit_bytes=limit_bytes,
    )
    target = os.memfd_create("pack")
    try:
        packed = pack(order, target)
        return packed, os.pread(target, 1 << 21, 0)
    finally:
        os.close(target)


def test_revisions_go_in_and_bytes_come_out(world: Path) -> None:
    assert ordered(world, "cat; printf '\\0\\377'", revisions=b"abc\n") == (Packed(0), b"abc\n\0\xff")


def test_objects_are_visible_at_their_places_and_nothing_else_is(world: Path) -> None:
    script = f"cat {world}/layer/own {world}/objects/theirs {INSIDE}/HEAD; ls {world} /home /root 2>/dev/null || true"
    _, out = ordered(world, script)
    assert out.decode().split() == ["own", "theirs", "ref", f"{world}:", "layer", "objects"]


def test_nothing_can_be_written(world: Path) -> None:
    for place in (f"{world}/layer/new", f"{world}/objects/new", f"{INSIDE}/new", "/usr/new", "/new"):
        packed, _ = ordered(world, f"echo x > '{place}'")
        assert packed.status != 0
    assert sorted(path.name for path in world.rglob("*")) == ["layer", "objects", "own", "secret", "theirs"]


def test_there_is_no_network_and_no_environment_but_the_given_one(world: Path) -> None:
    _, out = ordered(world, "env; cat /proc/net/route; cat /proc/1/environ")
    lines = {line for line in out.decode().splitlines() if not line.startswith(("PWD=", "OLDPWD=", "SHLVL=", "_="))}
    assert {line for line in lines if "=" in line} == {"PATH=/usr/bin:/bin", "ONLY=this"}
    assert not any(line.startswith("eth") for line in lines)


def test_a_failure_gives_its_status_and_its_last_words(world: Path) -> None:
    packed, _ = ordered(world, "echo out; echo 'fatal: \\033[31mbad' >&2; exit 3")
    assert (packed.status, "fatal:" in packed.complaint) == (3, True)
    assert ordered(world, "kill -9 $$")[0].status == -9


def test_what_comes_out_has_an_end(world: Path) -> None:
    packed, out = ordered(world, "head -c 100000 /dev/zero", limit_bytes=1000)
    assert packed.status != 0
    assert len(out) == 1000


def test_a_program_that_hangs_is_ended(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "TIMEOUT_S", 0.2)
    with pytest.raises(BoundaryUnavailable, match="did not end"):
        ordered(world, "sleep 600")


def test_a_program_that_is_not_there_is_named(world: Path) -> None:
    order = Order(f"{world}/layer", (), {}, ("/usr/bin/no-such-program",), {}, b"", 1000)
    with open(os.devnull, "wb") as nowhere, pytest.raises(BoundaryUnavailable) as caught:
        pack(order, nowhere.fileno())
    assert "No such file" in caught.value.why


def test_no_bubblewrap_is_said(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "find", lambda _: None)
    with pytest.raises(BoundaryUnavailable, match="cannot be taken out"):
        ordered(world, "true")
