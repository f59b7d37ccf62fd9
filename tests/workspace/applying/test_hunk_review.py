from __future__ import annotations

import pytest

from paddock.workspace.applying.hunk_review import HELP, Answer, HunkReview
from paddock.workspace.applying.hunks import Comparison
from paddock.workspace.change import Change
from tests.workspace.applying.test_review import NEW, OLD, Scripted

FILE, TOOL = 0o100644, 0o100755


def asked(answers: str, *, mode: int = FILE) -> Answer:
    change = Change("file", "modified", old_mode=FILE, new_mode=mode)
    return HunkReview(Comparison(OLD.encode(), NEW.encode()), change, Scripted(answers)).ask()


def test_all_is_the_change_itself_and_nothing_is_nothing() -> None:
    assert asked("yy") == asked("a") == Answer(everything=True)
    assert asked("nn") == asked("d") == Answer()
    assert asked("q") == Answer(quit=True)


def test_some_is_a_content() -> None:
    assert asked("yn") == Answer(content=OLD.replace("line 2\n", "two\n").replace("line 5\n", "five\n").encode())


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("yyy", Answer(everything=True)),
        ("nyy", Answer(content=NEW.encode())),
        ("ynn", Answer(content=OLD.encode(), mode=True)),
        ("nnn", Answer()),
        ("a", Answer(everything=True)),
        ("d", Answer()),
    ],
)
def test_the_mode_is_a_question_of_its_own(answers, expected) -> None:
    assert asked(answers, mode=TOOL) == expected


def test_every_letter_has_a_help() -> None:
    assert set(HELP) == set("ynqadse?")
