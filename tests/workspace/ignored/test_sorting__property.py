"""Whatever a sandbox does and whatever the host ignores: nothing is lost, and nothing that counts goes unseen."""

from __future__ import annotations

import os
import pickle
import subprocess
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.workspace import removal, shelf, store
from paddock.workspace.change_set import walk
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground
from tests.workspace.laboratory import Laboratory
from tests.workspace.operations import CONTENT, Operation, perform
from tests.workspace.overlays import fingerprint, inside, tree

if TYPE_CHECKING:
    from tests.workspace.overlays import Node

pytestmark = needs("overlay", "git")

NAMES = (b"a", b"b", b"dir", b"x.b", b"\xff\n")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(b"/".join)
RULES = st.lists(
    st.sampled_from(
        (b"a", b"b/", b"dir/", b"/dir", b"dir/a", b"*.b", b"!a", b"!x.b", b"dir/*", b"!dir/a", b"\xff*", b"*")
    ),
    min_size=1,
    max_size=4,
)


def _operation(
    name: str, other: st.SearchStrategy[bytes], modes: tuple[int, ...] = (0,)
) -> st.SearchStrategy[Operation]:
    return st.builds(Operation, st.just(name), PATHS, other, st.sampled_from(modes))


NOTHING = st.just(b"")
OPERATIONS = st.one_of(
    *(_operation(name, CONTENT) for name in ("write", "write", "append", "replace", "swap_type")),
    *(_operation(name, NOTHING) for name in ("unlink", "mkdir", "mkdir", "rmdir", "remove_tree")),
    _operation("chmod_file", NOTHING, (0o644, 0o000, 0o755)),
    _operation("chmod_directory", NOTHING, (0o755, 0o555, 0o700)),
    _operation("rename", PATHS),
    _operation("link", PATHS),
    _operation("symlink", st.sampled_from((b"a", b"../dir", b"/etc/passwd"))),
)
STARTS = st.lists(st.one_of(_operation("mkdir", NOTHING), _operation("write", CONTENT)), min_size=15, max_size=40)
SEQUENCES = st.lists(OPERATIONS, min_size=5, max_size=40)


def seen(change_set: store.ChangeSetDirectory) -> dict[bytes, Node]:
    found: dict[bytes, Node] = pickle.loads(inside(change_set, lambda merged: pickle.dumps(tree(merged))))
    return {path: node for path, node in found.items() if not path.startswith(b".git/")}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=STARTS, rules=RULES, tracked=st.booleans(), sessions=st.tuples(SEQUENCES, SEQUENCES))
def test_what_a_sandbox_left_is_there_again_and_what_counts_is_reviewed(
    lab, monkeypatch, start, rules, tracked, sessions
) -> None:
    with shelf.opened(str(lab.base)) as place:
        for name in os.listdir(place):
            removal.remove(place, name)
    monkeypatch.setenv("HOME", str(lab.base))
    ground = Ground(Laboratory(lab.base / "round", monkeypatch))
    ground.lab.run(lambda merged: None)
    perform(start, ground.path)
    with open(f"{ground.path}/.gitignore", "wb") as file:
        file.write(b"\n".join(rules) + b"\n")
    if tracked:
        subprocess.run(["git", "add", "--all", "--force"], cwd=ground.path, capture_output=True, check=False)
    before = fingerprint(ground.path)
    host = {path: node for path, node in tree(ground.path).items() if not path.startswith(b".git/")}
    left: dict[bytes, Node] = {}
    for operations in sessions:
        change_set = store.claim(ground.path, name="a")
        inside(change_set, partial(perform, operations))
        left = seen(change_set)
        store.finish(change_set)
        store.release(change_set)
        again = store.claim(ground.path, name="a")
        assert seen(again) == left
        store.release(again)
    changed = reviewed(ground)
    missing = {path for path in left.keys() | host.keys() if left.get(path) != host.get(path)} - changed
    assert counting(ground, missing, host) == set()
    assert fingerprint(ground.path) == before


def reviewed(ground: Ground) -> set[bytes]:
    """Every path that the change set shows as changed."""
    if ground.lab.is_empty:
        return set()
    with shelf.both(ground.lab.held) as (upper, lower):
        return {os.fsencode(change.path) for change in walk(upper, lower)}


def counting(ground: Ground, paths: set[bytes], host: dict[bytes, Node]) -> set[bytes]:
    """Those of which git, asked for each, says that it is neither ignored nor a directory of no mode of its own."""
    names = {path: {b"./" + path, b"./" + path + b"/"} for path in paths}
    for path in paths & host.keys():
        if host[path].kind == "directory":
            names[path].remove(b"./" + path)
    asked = b"\0".join(name for those in names.values() for name in those)
    ignored = said(ground, "check-ignore", "-z", "--stdin", "--no-index", asked=asked)
    tracked = said(ground, "ls-files", "-z")
    return {path for path in paths if not names[path] & ignored or path in tracked}


def said(ground: Ground, *argv: str, asked: bytes = b"") -> set[bytes]:
    """The names that git prints."""
    done = subprocess.run(["git", *argv], cwd=ground.path, input=asked, capture_output=True, check=False)
    assert done.returncode <= 1, done.stderr  # check-ignore: 1 for none
    return set(done.stdout.split(b"\0"))
