"""What all protocols share: the steps of a script, and text in pieces.

A script is a list of steps, one for each turn of the model:
    {"say": "All done."}                                       text, and the turn ends
    {"tool": "Bash", "input": {"command": "id"}}               one call of a tool
    {"tools": [{"tool": "Read", "input": {…}}, …]}             several in one turn
The input is a text for a tool that takes one (Codex's `exec`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Data = dict[str, Any]
PIECE = 24  # characters of one streamed delta: clients must put the pieces together
SIDE_QUESTION: Data = {"say": "ok"}  # a title or a summary, asked beside the conversation
FINISHED: Data = {"say": "done"}


def step_at(script: Sequence[Data], turn: int | None) -> Data:
    """The step for a turn; None is a side question."""
    if turn is None:
        return SIDE_QUESTION
    return script[turn] if turn < len(script) else FINISHED


def calls(step: Data) -> list[tuple[str, Any]]:
    """The tools that a step calls, each with its input."""
    return [(call["tool"], call["input"]) for call in step.get("tools") or [step] if "tool" in call]


def pieces(text: str) -> Iterator[str]:
    """The text, a little at a time."""
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def text_of(content: str | list[Data] | None) -> str:
    """A content that is a text or a list of parts with texts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""
