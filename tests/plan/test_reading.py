from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.errors import PolicyError, Refused
from paddock.host import Machine
from paddock.plan import reading as reading_
from paddock.plan.view import View
from tests.plan.machine import HOME, REPOSITORY, plan, policy, targets

if TYPE_CHECKING:
    from pathlib import Path


def reading(path: str, files: dict[str, str]) -> list[str]:
    return [
        target
        for target in targets(plan(files, rules=policy(read=[path])))
        if target.startswith(("/srv", "/home", "/data"))
    ]


def test_a_path_is_shown_with_its_origin() -> None:
    found = plan({"/srv/docs/a": ""}, rules=policy(read=["/srv//docs/"]))
    mount = next(mount for mount in found.mounts if mount.target == "/srv/docs")
    assert (mount.source, mount.access, str(mount.origin)) == ("/srv/docs", "read", "flag --test")


def test_the_home_is_expanded_and_links_are_followed() -> None:
    files = {f"{HOME}/notes": "-> /data/notes", "/data/notes/a": ""}
    assert reading("~/notes", files) == ["/data/notes"]


@pytest.mark.parametrize(
    "path",
    ["~", "/", "/home", "~/.ssh", "~/.ssh/config", "~/.aws/", "~//.aws/.", "~/x/../.kube", "~/link", "~/.config", "/etc/shadow",
     "/run/docker.sock", "/proc/1/environ", "~/.local", "~/.local/state/paddock", "/root", "/var/run"],
)  # fmt: skip
def test_credentials_are_refused_by_name_with_a_reason(path: str) -> None:
    files = {f"{HOME}/link": "-> .ssh", f"{HOME}/.ssh/id": "k", f"{HOME}/x/": "", "/run/docker.sock": "socket"}
    with pytest.raises(Refused) as caught:
        reading(path, files)
    assert caught.value.why
    assert "flag --test" in caught.value.what
    # a refusal never teaches how to get round it
    assert "--" not in caught.value.next_step


def test_sockets_are_refused_and_directories_that_hold_them() -> None:
    for path in ("/srv/d/s", "/srv/d", "/srv/fifo"):
        with pytest.raises(Refused, match="cannot be read"):
            reading(path, {"/srv/d/s": "socket", "/srv/fifo": "fifo"})


@pytest.mark.parametrize("path", ["docs", "", "~eve/x", "../x"])
def test_a_relative_path_is_an_error(path: str) -> None:
    with pytest.raises(PolicyError, match="not an absolute path"):
        reading(path, {})


def test_what_is_missing_or_loops_is_said() -> None:
    files = {"/srv/loop": "-> loop", "/srv/there": "-> back", "/srv/back": "-> there", "/srv/nowhere": "-> none"}
    for path in ("/srv/none", "/srv/nowhere"):
        assert "does not exist" in plan(files, rules=policy(read=[path])).notes[0]
    for path in ("/srv/loop", "/srv/there", "/srv/loop/below"):
        assert f"{path} leads round in a loop" in plan(files, rules=policy(read=[path])).notes[0]


def test_a_loop_on_a_real_disk_is_told_from_a_link_to_nothing(tmp_path: Path) -> None:
    for link, to in (("a", "b"), ("b", "c"), ("c", "a"), ("nowhere", "none")):
        (tmp_path / link).symlink_to(to)
    view = View(Machine({"HOME": "/nonexistent"}), "/srv")
    for name, said in (("a", "loop"), ("c", "loop"), ("b/below", "loop"), ("nowhere", "does not exist")):
        reading_.show(policy(read=[f"{tmp_path}/{name}"]), view)
        assert said in view.notes.pop()


def test_a_path_in_the_workspace_needs_no_mount() -> None:
    found = plan({f"{REPOSITORY}/docs/a": ""}, rules=policy(read=[f"{REPOSITORY}/docs"]))
    assert f"{REPOSITORY}/docs" not in targets(found)
    assert "visible anyway" in found.notes[0]


def test_a_directory_around_the_workspace_may_be_read() -> None:
    assert reading("~/code", {f"{HOME}/code/other/x": ""}) == [f"{HOME}/code"]
