"""Both sides changed: what is merged, what is shown, and that nothing is overwritten."""

from __future__ import annotations

import pytest

from paddock.workspace import bases, shelf
from paddock.workspace.applying import conflict_view, merging
from paddock.workspace.applying.consent import Consent
from paddock.workspace.applying.merging import Sides, merged_mode
from paddock.workspace.content import open_file
from tests.capabilities import needs
from tests.workspace.applying.test_apply__hazards import judged

pytestmark = needs("overlay")
OLD = "".join(f"line {number}\n" for number in range(1, 10))
INSIDE, HOST = OLD.replace("line 9", "nine"), OLD.replace("line 1", "one")


def both(lab, inside: str = INSIDE, host: str = HOST) -> None:
    lab.write(file=OLD)
    lab.run(lambda place: (place / "file").write_text(inside))
    lab.write(file=host)


def test_changes_in_different_places_merge_on_request_only(lab) -> None:
    both(lab)
    report = lab.apply()
    assert [(problem.kind, problem.mergeable) for problem in report.problems] == [("conflict", True)]
    assert (lab.repository / "file").read_text() == HOST
    report = lab.apply(merge=("file",))
    assert (report.applied, report.merged, report.remaining) == (("file",), ("file",), False)
    assert (lab.repository / "file").read_text() == HOST.replace("line 9", "nine")


def test_changes_of_the_same_lines_stay_a_conflict(lab) -> None:
    both(lab, host=OLD.replace("line 9", "neun"))
    report = lab.apply(merge=("file",))
    assert [(problem.kind, problem.mergeable) for problem in report.problems] == [("conflict", False)]
    assert (lab.repository / "file").read_text().endswith("neun\n")


def test_a_merge_undone_is_the_same_conflict_with_the_same_sides(lab) -> None:
    both(lab)
    lab.apply(merge=("file",))
    assert lab.undo().problems == ()
    assert (lab.repository / "file").read_text() == HOST
    assert [problem.mergeable for problem in lab.apply().problems] == [True]
    assert lab.apply(merge=("file",)).merged == ("file",)


def test_without_a_kept_base_nothing_is_merged(lab) -> None:
    both(lab)
    held = lab.held
    with shelf.opened(held.path) as place, shelf.opened(f"{held.path}/base"):
        (lab.base / held.path / "base" / bases.read(place, 0).of("file").digest).unlink()
    assert [problem.mergeable for problem in lab.apply(merge=("file",)).problems] == [False]


def test_a_binary_file_is_never_merged(lab) -> None:
    both(lab, INSIDE + "\0", HOST + "\0")
    assert [problem.mergeable for problem in lab.apply(merge=("file",)).problems] == [False]


def test_modes_merge_like_lines(lab) -> None:
    lab.write(file=OLD, other=OLD)
    lab.run(lambda place: [(place / name).write_text(INSIDE) for name in ("file", "other")])
    lab.write(file=HOST)
    (lab.repository / "file").chmod(0o755)
    (lab.repository / "other").chmod(0o700)
    assert lab.apply(merge=("file", "other")).merged == ("file", "other")
    assert (lab.repository / "file").stat().st_mode & 0o777 == 0o755
    assert (lab.repository / "other").stat().st_mode & 0o777 == 0o700
    assert (lab.repository / "other").read_text() == INSIDE


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (0o644, 0o644, 0o755, 0o755),
        (0o644, 0o755, 0o644, 0o755),
        (0o644, 0o600, 0o600, 0o600),
        (0o644, 0o600, 0o755, None),
    ],
)
def test_a_mode_that_one_side_changed_counts(base, ours, theirs, merged) -> None:
    assert merged_mode(base, ours, theirs) == merged


def shown(sides: Sides) -> list[str]:
    return [line.text for line in conflict_view.shown(sides)]


def test_a_conflict_shows_three_sides_with_the_lines_around() -> None:
    base, ours, theirs = (OLD.replace("line 5", word).encode() for word in ("line 5", "ours", "theirs"))
    assert shown(Sides(base, ours, theirs, 0o100644, 0o100644, 0o100644)) == [
        "@@ line 5 of the host's file @@",
        "line 2",
        "line 3",
        "line 4",
        "<<<<<<< host, now",
        "ours",
        "||||||| before",
        "line 5",
        "=======",
        "theirs",
        ">>>>>>> sandbox",
        "line 6",
        "line 7",
        "line 8",
    ]


def test_what_merges_cleanly_is_shown_side_by_side_too() -> None:
    lines = shown(Sides(OLD.encode(), HOST.encode(), INSIDE.encode(), 0o100644, 0o100644, 0o100644))
    assert [line for line in lines if line.startswith("@@")] == [
        "@@ line 1 of the host's file @@",
        "@@ line 9 of the host's file @@",
    ]
    assert {"one", "nine", "line 1", "line 9"} <= set(lines)
    assert shown(Sides(OLD.encode(), OLD.encode(), OLD.encode(), 0o100644, 0o100644, 0o100644)) == []


def test_without_a_base_two_sides_are_shown_and_that_is_said() -> None:
    lines = shown(Sides(None, b"ours\n", b"theirs\n", 0, 0o100644, 0o100644))
    assert "was not kept" in "\n".join(lines[:2])
    assert lines[-2:] == ["-ours", "+theirs"]


def test_files_that_are_no_texts_have_no_sides(lab) -> None:
    (lab.repository / "binary").write_bytes(b"\0")
    with shelf.opened(str(lab.repository)) as root:
        assert merging.text_at(root, "binary", open_file) is None
        assert merging.text_at(root, "none", open_file) is None


def package(*, scripts: bool, hook: bool) -> str:
    """A package.json in which the name of an entry and what is in it are far apart: each by itself runs nothing."""
    name = "scripts" if scripts else "x-scripts"
    gap = "".join(f'"key{number}": "a",\n' for number in range(6))
    return f'{{\n"{name}": {{\n{gap}"{"postinstall" if hook else "other"}": "./evil"\n}}\n}}\n'


def test_what_two_harmless_sides_come_to_is_judged_too(lab) -> None:
    name = "package.json"
    lab.write(**{"package.json": package(scripts=False, hook=False)})
    lab.run(lambda place: (place / name).write_text(package(scripts=False, hook=True)))
    lab.write(**{"package.json": package(scripts=True, hook=False)})
    report = lab.apply(judge=judged, merge=(name,), consent=Consent(names=frozenset(["none"])))
    assert [(problem.kind, problem.path) for problem in report.problems] == [("hazard", name)]
    assert "postinstall" in "".join(report.problems[0].hazards[0].evidence)
    assert (lab.repository / name).read_text() == package(scripts=True, hook=False)
    assert lab.apply(judge=judged, merge=(name,), consent=Consent(names=frozenset(["build"]))).merged == (name,)
