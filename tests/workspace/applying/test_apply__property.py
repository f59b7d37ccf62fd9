"""Whatever a sandbox does to files: applied, it is as if it had been done directly."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.errors import WorkspaceError
from paddock.workspace import removal, shelf, store
from paddock.workspace.applying.apply import Wishes, apply
from paddock.workspace.applying.undo import undo
from paddock.workspace.change_set import read
from paddock.workspace.discard import discard_paths
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.operations import NAMES, SEQUENCES, STARTS, perform
from tests.workspace.overlays import apart, fingerprint, inside, seen_inside, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.workspace.operations import Operation

pytestmark = needs("overlay")
EXAMPLES = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SELECTIONS = st.sampled_from([os.fsdecode(name) for name in NAMES] + ["dir/*", "*a*", "sub/dir"])


@contextmanager
def base() -> Iterator[str]:
    """A directory for one example, with a state directory of its own."""
    path = tempfile.mkdtemp()
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = f"{path}/state"
    try:
        yield path
    finally:
        del os.environ["XDG_STATE_HOME"]
        if before is not None:
            os.environ["XDG_STATE_HOME"] = before
        with shelf.opened(os.path.dirname(path)) as parent:
            removal.remove(parent, os.path.basename(path))


def prepared(path: str, start: Sequence[Operation]) -> tuple[str, str]:
    """A repository and an equal copy."""
    repository, copy = f"{path}/repository", f"{path}/copy"
    os.mkdir(repository, 0o755)
    apart(path, lambda: perform(start, repository))
    shutil.copytree(repository, copy, symlinks=True)
    assert tree(copy) == tree(repository)
    return repository, copy


def run_both(repository: str, copy: str, operations: Sequence[Operation]) -> None:
    """Once in a sandbox, and what worked there once more directly; the change set is held afterwards."""
    change_set = store.claim(repository)
    worked = inside(change_set, lambda merged: perform(operations, merged))
    done = [operation for operation, ok in zip(operations, worked, strict=True) if ok]
    again = apart(os.path.dirname(copy), lambda: perform(done, copy))
    assert all(again)
    store.release(change_set)


def problems(report: object) -> list[object]:
    return [problem for problem in report.problems if problem.kind != "held"]  # type: ignore[attr-defined]


@EXAMPLES
@given(start=STARTS, operations=SEQUENCES)
def test_applied_equals_done_directly(start, operations) -> None:
    with base() as path:
        repository, copy = prepared(path, start)
        before = fingerprint(repository)
        run_both(repository, copy, operations)
        assert fingerprint(repository) == before
        change_set = store.current(repository)
        if change_set:
            report = apply(change_set, Wishes(Selection(), links=True))
            assert report.problems == ()
            assert not report.remaining
            assert store.listing(repository) == ()
        assert tree(repository) == tree(copy)


@EXAMPLES
@given(start=STARTS, operations=SEQUENCES, word=st.one_of(st.just(""), SELECTIONS))
def test_undone_equals_the_start_and_applied_again_equals_done_directly(start, operations, word) -> None:
    with base() as path:
        repository, copy = prepared(path, start)
        run_both(repository, copy, operations)
        change_set = store.current(repository)
        if change_set is None:
            return
        host, seen, kinds = tree(repository), pickle.loads(seen_inside(change_set)), paths(change_set)
        if not apply(change_set, Wishes(Selection([word]), links=True)).applied:
            return
        undone = undo(repository)
        assert (undone.problems, undone.name) == ((), change_set.name)
        assert tree(repository) == host
        held = store.current(repository)
        assert held is not None
        assert paths(held) == kinds
        assert pickle.loads(seen_inside(held)) == seen
        report = apply(held, Wishes(Selection(), links=True))
        assert (report.problems, report.remaining) == ((), False)
        assert tree(repository) == tree(copy)


@EXAMPLES
@given(start=STARTS, first=SEQUENCES, second=SEQUENCES, word=SELECTIONS)
def test_a_partial_apply_never_changes_what_the_sandbox_sees(start, first, second, word) -> None:
    with base() as path:
        repository, copy = prepared(path, start)
        run_both(repository, copy, first)
        change_set = store.current(repository)
        if change_set:
            seen = seen_inside(change_set)
            report = apply(change_set, Wishes(Selection([word]), links=True))
            assert problems(report) == []
            if report.remaining:
                assert pickle.loads(seen_inside(change_set)) == pickle.loads(seen)
            else:
                assert tree(repository) == pickle.loads(seen)
        run_both(repository, copy, second)
        change_set = store.current(repository)
        if change_set:
            report = apply(change_set, Wishes(Selection(), links=True))
            assert problems(report) == []
        assert tree(repository) == tree(copy)


@EXAMPLES
@given(start=STARTS, operations=SEQUENCES, word=SELECTIONS)
def test_discarding_a_part_keeps_the_rest_and_never_touches_the_host(start, operations, word) -> None:
    with base() as path:
        repository, copy = prepared(path, start)
        before = fingerprint(repository)
        run_both(repository, copy, operations)
        change_set = store.current(repository)
        if change_set:
            changed = paths(change_set)
            remaining = True
            with suppress(WorkspaceError):  # the word met nothing, or a part of a deleted directory
                remaining = discard_paths(change_set, Selection([word]))
                changed -= {name for name in changed if meets(word, name)}
            assert (paths(change_set) if remaining else set()) == changed
            if remaining:
                discard_paths(change_set, Selection([""]))
        assert fingerprint(repository) == before
        assert store.listing(repository) == ()


def meets(word: str, name: str) -> bool:
    return name == word or name.startswith(word + "/") or fnmatchcase(name, word)


def paths(change_set: store.ChangeSetDirectory) -> set[str]:
    """Every changed path; both names of a rename."""
    upper, lower = shelf.open_upper(change_set), shelf.open_repository(change_set)
    try:
        found = read(upper, lower).changes
    finally:
        os.close(upper)
        os.close(lower)
    return {change.path for change in found} | {change.source for change in found if change.source}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_said(name, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    repository = tmp_path / "repository"
    repository.mkdir()
    change_set = store.claim(str(repository))
    inside(change_set, lambda merged: os.close(os.open(os.fsencode(merged) + b"/" + name, os.O_CREAT)))
    store.release(change_set)
    report = apply(change_set, Wishes(Selection([os.fsdecode(name)])))
    assert report.applied == (os.fsdecode(name),)
    assert os.listdir(os.fsencode(repository)) == [name]
