from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scripted_model.steps import PIECE, calls, pieces, step_at, text_of

SCRIPT: list[dict[str, Any]] = [{"tool": "Bash", "input": {"command": "id"}}, {"say": "All done."}]


def test_steps_are_taken_one_per_turn_and_then_it_is_done() -> None:
    assert [step_at(SCRIPT, turn) for turn in range(4)] == [*SCRIPT, {"say": "done"}, {"say": "done"}]


def test_a_side_question_does_not_use_up_a_step() -> None:
    assert step_at(SCRIPT, None) == {"say": "ok"}


def test_a_step_calls_one_tool_or_several_or_none() -> None:
    one = {"tool": "A", "input": {}}
    assert calls(one) == [("A", {})]
    assert calls({"tools": [one, {"tool": "B", "input": "text"}]}) == [("A", {}), ("B", "text")]
    assert calls({"say": "x"}) == []


@given(st.text())
def test_pieces_make_up_the_text(text: str) -> None:
    found = list(pieces(text))
    assert "".join(found) == text
    assert all(0 < len(piece) <= PIECE for piece in found)


def test_a_content_is_a_text_or_a_list_of_parts() -> None:
    assert text_of("a") == "a"
    assert text_of([{"text": "a"}, {"image": 1}, {"text": "b"}]) == "ab"
    assert text_of(None) == ""
