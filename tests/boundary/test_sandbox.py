"""A sandbox as it runs: complete before the command, closed behind it, gone after the stop."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from paddock.boundary.steps import STAGE, STAND_IN, Overlay
from paddock.errors import WorkspaceError
from tests.boundary.boxes import Box, nothing_left_open, start_of
from tests.boundary.field import alive, end, wait_for
from tests.capabilities import IS_ROOT, needs

pytestmark = needs("bubblewrap", "overlay")


def mounts_of(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/mountinfo") as file:
        return {words[4]: words[5] for words in map(str.split, file)}


def test_the_root_is_complete_when_the_sandbox_is_constructed(box: Box) -> None:
    mounts = mounts_of(box.sandbox(box.plan("true")).init_pid)
    assert {"/", "/usr", "/proc", "/dev", "/tmp", "/run", "/home/ada", STAGE} <= set(mounts)
    for path in ("/", "/usr", "/dev", "/etc/passwd"):
        assert "ro" in mounts.get(path, "ro").split(","), path
    assert "rw" in mounts["/tmp"].split(",")


def test_the_stage_is_gone_for_the_command(box: Box) -> None:
    said = box.said("ls -a /run; cut -d' ' -f5 /proc/self/mountinfo | grep -c paddock-stage; ls -d /run/paddock-stage")
    assert said.splitlines()[:3] == [".", "..", "0"]
    assert "No such file" in said


@pytest.mark.parametrize("mode", ["review", "scratch", "live"])
def test_masks_read_empty_and_cannot_be_written(box: Box, mode: str) -> None:
    said = box.said(
        "wc -c < .env; ls -A secrets | wc -l; cat file; (echo x > .env) 2> /dev/null || echo refused; "
        "(echo x > secrets/y) 2> /dev/null || echo refused; rm -f .env 2> /dev/null || echo refused",
        mode,
    )
    assert said.split() == ["0", "0", "of", "the", "host", "refused", "refused", "refused"]
    assert (box.workspace / ".env").read_text() == "SECRET=1\n"
    assert os.listdir(box.workspace / "secrets") == ["key"]


def test_without_a_mask_the_same_script_sees_the_secret(box: Box) -> None:
    assert box.said("cat .env secrets/key", masked=False) == "SECRET=1\nsecret\n"


def test_a_change_is_in_the_layer_and_not_in_the_workspace(box: Box) -> None:
    box.said("echo new > file; echo more > added")
    assert (box.workspace / "file").read_text() == "of the host\n"
    assert (box.layers / "upper/file").read_text() == "new\n"
    assert not (box.workspace / "added").exists()


def test_a_readonly_workspace_refuses_every_write(box: Box) -> None:
    _, joined = box.start(box.plan("! (echo x > file) 2> /dev/null && ! touch added 2> /dev/null", "readonly"))
    assert (end(joined).kind, (box.workspace / "file").read_text()) == ("exited", "of the host\n")
    assert not (box.workspace / "added").exists()


def test_a_stop_leaves_no_process(box: Box) -> None:
    sandbox, joined = box.start(box.plan("setsid sleep 600 & exit 0"))
    namespace = os.readlink(f"/proc/{sandbox.init_pid}/ns/pid")
    assert end(joined).kind == "exited"
    box.release()
    assert processes_in(namespace) >= 2, "PID 1 and what the command left running"
    sandbox.stop()
    sandbox.stop()  # a second time does nothing
    assert not alive(sandbox.init_pid)
    assert processes_in(namespace) == 0


def test_a_stop_lets_go_of_commands_that_nobody_has_let_go_of(box: Box) -> None:
    """A start may fail when its command runs already, and PID 1 ends only when that has been reaped."""
    start = start_of(box.plan("sleep 600"))
    with nothing_left_open():
        sandbox = box.sandbox(box.plan("sleep 600"))
        first, second = sandbox.start(start), sandbox.join(start)
        sandbox.stop()
    assert not any(map(alive, (sandbox.init_pid, first.joiner, second.joiner)))
    first.release()  # a second time does nothing


def processes_in(namespace: str) -> int:
    return [pid_namespace(pid) for pid in os.listdir("/proc") if pid.isdigit()].count(namespace)


def pid_namespace(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


@pytest.mark.parametrize("place", ["/proc/sys", "/usr", "/no/such/place"], ids=["no overlay", "read-only", "missing"])
def test_layers_that_carry_no_overlay_are_an_error_that_says_where_to_go(box: Box, place: str) -> None:
    for name in ("upper", "work"):
        (box.layers / name).rmdir()
        (box.layers / name).symlink_to(place)
    plan = box.plan("true")
    sandbox = box.sandbox(plan)
    with nothing_left_open(), pytest.raises(WorkspaceError) as caught:
        sandbox.start(start_of(plan))
    assert caught.value.code == "workspace-mount"
    assert caught.value.why
    assert "XDG_STATE_HOME" in caught.value.next_step


def test_the_command_has_one_identity_inside_and_one_outside(box: Box) -> None:
    sandbox, joined = box.start(box.plan("exec > out; id -u; exec sleep 600"))
    outside = STAND_IN if IS_ROOT else os.getuid()
    for pid in (sandbox.init_pid, joined.first[0].number):
        with open(f"/proc/{pid}/status") as file:
            ids = next(line for line in file if line.startswith("Uid:")).split()[1:]
        assert ids == [str(outside)] * 4
    assert box_uid(box) == ("1000" if IS_ROOT else str(os.getuid()))


def box_uid(box: Box) -> str:
    out = box.layers / "upper/out"
    wait_for(lambda: out.exists() and out.read_text().endswith("\n"))
    return out.read_text().strip()


@pytest.mark.root
def test_the_stand_in_is_the_id_that_the_documents_name() -> None:
    assert STAND_IN == 0x70000000


ODD = "odd, name: a\\b\n\udcff"


def layered(box: Box, base: Path) -> Path:
    """Two read-only layers above the workspace, and an overlay over a directory elsewhere. Gives that one's layers."""
    newer, older, other, layers = (base / f"{ODD}{number}" for number in range(4))
    for directory in (newer / "tools", older / "tools", other, layers / "upper", layers / "work"):
        directory.mkdir(parents=True)
    (newer / "tools/both").write_text("newer\n")
    (older / "tools/both").write_text("older\n")
    (older / "tools/once").write_text("older\n")
    (older / "file").write_text("of a layer\n")
    (other / "there").write_text("there\n")
    os.mknod(newer / "secrets", stat.S_IFCHR, 0)  # a deletion mark
    box.above = (str(newer), str(older))
    box.others = (Overlay("/data/other", (str(other),), f"{layers}/upper", f"{layers}/work"),)
    return layers


def test_layers_above_the_repository_are_seen_from_the_top_and_stay_as_they_are(box: Box, tmp_path: Path) -> None:
    layers = layered(box, tmp_path)
    said = box.said(
        "cat file tools/both tools/once; ls -d secrets; cat /data/other/there; "
        "echo changed > tools/once; rm tools/both file; echo new > /data/other/there; cat tools/once /data/other/there",
        masked=False,
    )
    assert [line for line in said.splitlines() if "ls:" not in line] == [
        "of a layer", "newer", "older", "there", "changed", "new"
    ]  # fmt: skip
    assert "No such file" in said, "what a layer says is deleted is not there"
    newer, older = map(Path, box.above)
    assert [(older / name).read_text() for name in ("file", "tools/both", "tools/once")] == [
        "of a layer\n",
        "older\n",
        "older\n",
    ]
    assert (newer / "tools/both").read_text() == "newer\n"
    assert (box.workspace / "file").read_text() == "of the host\n"
    assert (box.layers / "upper/tools/once").read_text() == "changed\n"
    assert (layers / "upper/there").read_text() == "new\n"


@pytest.mark.root
def test_every_layer_shows_its_owners_files_as_those_of_the_person_inside(box: Box, tmp_path: Path) -> None:
    layers = layered(box, tmp_path)
    for top in (box.workspace, box.layers, layers, *map(Path, box.above), Path(box.others[0].lowers[0])):
        for path in (top, *top.rglob("*")):
            os.chown(path, 4242, 4343, follow_symlinks=False)
    said = box.said(
        "stat -c %u:%g tools tools/both tools/once file /data/other/there; "
        "echo x > tools/both && echo x > tools/new && echo x > /data/other/there && echo done",
        masked=False,
    )
    assert said.split() == ["1000:1000"] * 5 + ["done"]
    for path in (box.layers / "upper/tools/both", box.layers / "upper/tools/new", layers / "upper/there"):
        assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4343)
