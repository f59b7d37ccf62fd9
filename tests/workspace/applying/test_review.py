from __future__ import annotations

import shutil

import pytest

from paddock.workspace import store
from paddock.workspace.applying.apply import apply_held
from paddock.workspace.applying.review import Review
from paddock.workspace.applying.wishes import Wishes
from paddock.workspace.hazard import Hazard
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.applying.test_apply__hazards import Names
from tests.workspace.overlays import seen_inside, tree

pytestmark = needs("overlay")
OLD = "".join(f"line {number}\n" for number in range(1, 31))
NEW = OLD.replace("line 2\n", "two\n").replace("line 5\n", "five\n").replace("line 29\n", "twenty-nine\n")


class Scripted:
    """A person who answers what was written down before; afterwards nobody is there."""

    def __init__(self, answers: str, edits=()) -> None:
        self.answers = list(answers)
        self.edits = list(edits)
        self.asked: list[str] = []
        self.seen: list[str] = []
        self.told: list[str] = []

    def show(self, lines) -> None:
        self.seen += [line.text for line in lines]

    def hazards(self, path, hazards) -> None:
        self.told.append(f"{path}: {hazards[0].why}")

    def ask(self, question, answers) -> str:
        self.asked.append(question)
        if not self.answers:
            return "q"
        answer = self.answers.pop(0)
        assert answer in answers, f"{answer} is no answer to: {question} {answers}"
        return answer

    def edit(self, text):
        return self.edits.pop(0)(text)

    def say(self, text) -> None:
        self.told.append(text)


def reviewed(lab, answers: str, *, edits=(), judge=None, paths=()):
    person = Scripted(answers, edits)
    with store.held(lab.held) as locked, lab.trees() as trees:
        wishes = Review(Wishes(Selection(paths), judge=judge), locked.lock, trees, person).choose()
        return person, apply_held(locked, wishes)


@pytest.fixture
def text(lab):
    lab.write(file=OLD)
    lab.run(lambda inside: (inside / "file").write_text(NEW))
    return lab


def content(lab) -> str:
    return str((lab.repository / "file").read_text())


def test_hunks_are_taken_one_by_one_and_the_rest_stays_held(text) -> None:
    seen = seen_inside(text.held)
    person, report = reviewed(text, "ny")
    assert person.asked == ["(1/2) Apply this hunk", "(2/2) Apply this hunk"]
    assert content(text) == OLD.replace("line 29\n", "twenty-nine\n")
    assert (report.applied, report.remaining) == (("file",), True)
    assert text.kinds() == {"file": "modified"}
    assert seen_inside(text.held) == seen
    person, report = reviewed(text, "y")
    assert (content(text), report.problems, report.remaining) == (NEW, (), False)


def test_what_was_taken_by_hunks_is_no_conflict_later_and_an_edit_is(text) -> None:
    reviewed(text, "ny")
    assert text.apply(dry_run=True).problems == ()
    text.write(file=content(text).replace("line 15", "mine"))
    assert [(problem.kind, problem.mergeable) for problem in text.apply().problems] == [("conflict", True)]
    text.apply(merge=("file",))
    assert content(text) == NEW.replace("line 15", "mine")


def test_hunks_undone_are_held_again(text) -> None:
    reviewed(text, "ny")
    assert text.undo().problems == ()
    assert (content(text), text.kinds()) == (OLD, {"file": "modified"})
    assert text.apply().problems == ()
    assert content(text) == NEW


def test_a_hunk_is_split(text) -> None:
    person, _ = reviewed(text, "synn")
    assert person.asked == [f"({number}/{total}) Apply this hunk" for number, total in ((1, 2), (1, 3), (2, 3), (3, 3))]
    assert content(text) == OLD.replace("line 2\n", "two\n")


@pytest.mark.parametrize(("answers", "expected"), [("a", NEW), ("ya", NEW), ("d", OLD), ("", OLD), ("q", OLD)])
def test_one_answer_can_hold_for_all_that_is_left(text, answers, expected) -> None:
    _, report = reviewed(text, answers)
    assert content(text) == expected
    assert report.remaining is (expected == OLD)


def test_quitting_keeps_what_was_taken_before(text) -> None:
    reviewed(text, "yq")
    assert content(text) == NEW.replace("twenty-nine", "line 29")


def test_an_edited_hunk_is_applied_as_edited_and_the_sandboxs_own_stays_held(text) -> None:
    _, report = reviewed(text, "en", edits=[lambda hunk: hunk.replace(b"+two", b"+zwei")])
    assert content(text) == OLD.replace("line 2\n", "zwei\n").replace("line 5\n", "five\n")
    assert report.remaining
    assert text.apply().problems == ()
    assert content(text) == NEW


def test_nonsense_and_a_failed_editor_ask_again(text) -> None:
    edits = [lambda hunk: b"nonsense", lambda hunk: None, lambda hunk: b"", lambda hunk: hunk]
    person, _ = reviewed(text, "eeeen", edits=edits)
    assert [told for told in person.told if "cannot be applied" in told] == [
        "the edited hunk cannot be applied: each line begins with ' ', '-' or '+'",
        "the edited hunk cannot be applied: nothing is left of it",
    ]
    assert content(text) == OLD.replace("line 2\n", "two\n").replace("line 5\n", "five\n")


def test_a_mode_is_asked_about_by_itself(lab) -> None:
    lab.write(file=OLD)

    def work(inside) -> None:
        (inside / "file").write_text(NEW)
        (inside / "file").chmod(0o755)

    lab.run(work)
    reviewed(lab, "yd")
    assert (content(lab), (lab.repository / "file").stat().st_mode & 0o777) == (OLD, 0o755)
    reviewed(lab, "a")
    assert content(lab) == NEW


def test_every_kind_of_change_is_one_question(lab) -> None:
    lab.write(gone="x", mode="x", typed="x", tree__a="x", tree__sub__b="x")

    def work(inside) -> None:
        (inside / "gone").unlink()
        (inside / "mode").chmod(0o755)
        (inside / "typed").unlink()
        (inside / "typed").symlink_to("mode")
        shutil.rmtree(inside / "tree")
        (inside / "new" / "deep").mkdir(parents=True)
        (inside / "new" / "deep" / "file").write_text("new\n")
        (inside / "empty").mkdir()
        (inside / "binary").write_bytes(b"\0")

    lab.run(work)
    person, report = reviewed(lab, "yyyyyyy")
    assert person.asked == [
        "Add this",
        "Add this",
        "Delete this",
        "Apply this mode",
        "Add this",
        "Delete this directory and 3 in it",
        "Replace it by this",
    ]
    assert (report.problems, report.remaining) == ((), False)
    assert sorted(tree(lab.repository)) == [
        b"binary",
        b"empty",
        b"mode",
        b"new",
        b"new/deep",
        b"new/deep/file",
        b"typed",
    ]


def test_what_is_not_taken_stays_held_with_the_directories_it_needs(lab) -> None:
    def work(inside) -> None:
        (inside / "dir").mkdir()
        for name in ("a", "b"):
            (inside / "dir" / name).write_text(name)

    lab.run(work)
    reviewed(lab, "ny")
    assert sorted(tree(lab.repository)) == [b"dir", b"dir/b"]
    assert lab.kinds() == {"dir/a": "added"}


def test_what_is_in_a_directory_that_does_not_come_is_not_asked_about(lab) -> None:
    lab.write(typed="x")

    def work(inside) -> None:
        (inside / "typed").unlink()
        (inside / "typed").mkdir()
        (inside / "typed" / "inner").write_text("x")
        (inside / "zed").write_text("x")

    lab.run(work)
    person, report = reviewed(lab, "ny")
    assert person.asked == ["Replace it by this", "Add this"]
    assert (report.applied, report.problems) == (("zed",), ())


def test_a_hazard_is_explained_before_the_question_and_a_yes_takes_it(lab) -> None:
    lab.run(lambda inside: [(inside / name).write_text(name) for name in ("bad", "good", "worse")])
    person, report = reviewed(lab, "yyn", judge=Names)
    assert person.told == ["bad: bad runs", "worse: worse runs"]
    assert report.applied == ("bad", "good")
    assert sorted(lab.kinds()) == ["worse"]


def test_a_conflict_that_merges_is_offered_and_another_one_shown_and_held(lab) -> None:
    lab.write(clean=OLD, real=OLD)
    lab.run(lambda inside: [(inside / name).write_text(NEW) for name in ("clean", "real")])
    lab.write(clean=OLD.replace("line 15", "mine"), real=OLD.replace("line 2\n", "mine\n"))
    person, report = reviewed(lab, "y")
    assert person.asked == ["Both sides changed different places. Apply both together"]
    assert (lab.repository / "clean").read_text() == NEW.replace("line 15", "mine")
    assert report.merged == ("clean",)
    assert {"mine", "||||||| before", "two"} <= set(person.seen)
    assert (lab.repository / "real").read_text().startswith("line 1\nmine\n")
    assert sorted(lab.kinds()) == ["real"]


class Reads(Names):
    """A judge of contents that are put together: one that says evil is."""

    def written(self, change, content):
        return (Hazard("rule-evil", "git", "high", "evil runs", ()),) * (b"evil" in content)


@pytest.mark.parametrize(("answer", "applied"), [("y", ("file",)), ("n", ())])
def test_what_is_put_together_is_judged_and_asked_about(text, answer, applied) -> None:
    edit = lambda hunk: hunk.replace(b"+two", b"+evil")  # noqa: E731 - one answer among letters
    person, report = reviewed(text, f"en{answer}", edits=[edit], judge=Reads)
    assert person.asked[-1] == "Put together it is dangerous. Apply it"
    assert person.told == ["file: evil runs"]
    assert (report.applied, "evil" in content(text)) == (applied, bool(applied))


@pytest.mark.parametrize("answer", ["y", "n"])
def test_so_is_what_both_sides_come_to(text, answer) -> None:
    text.write(file=OLD.replace("line 15", "evil"))
    person, report = reviewed(text, f"y{answer}", judge=Reads)
    assert (person.told, report.merged) == (["file: evil runs"], ("file",) * (answer == "y"))


def test_what_can_never_be_applied_is_said_and_not_asked(lab) -> None:
    import os

    lab.run(lambda inside: os.mkfifo(inside / "fifo\x1b"))
    person, report = reviewed(lab, "")
    assert person.asked == []
    assert person.seen == ['# held: "fifo\\033": sockets, FIFOs and devices are never applied']
    assert report.applied == ()


def test_a_host_file_that_changes_while_a_person_thinks_is_not_overwritten(text) -> None:
    class Slow(Scripted):
        def ask(self, question, answers) -> str:
            text.write(file="mine\n")
            return super().ask(question, answers)

    person = Slow("ny")
    with store.held(text.held) as locked, text.trees() as trees:
        wishes = Review(Wishes(Selection()), locked.lock, trees, person).choose()
        report = apply_held(locked, wishes)
    assert [problem.kind for problem in report.problems] == ["conflict"]
    assert content(text) == "mine\n"


def test_only_what_was_asked_for_is_asked_about(lab) -> None:
    lab.run(lambda inside: [(inside / name).write_text(name) for name in ("a", "b")])
    person, report = reviewed(lab, "y", paths=("b",))
    assert (person.asked, report.applied) == (["Add this"], ("b",))
