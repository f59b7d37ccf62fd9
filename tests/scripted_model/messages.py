"""Anthropic's Messages API, as Claude Code speaks it.

The protocol: https://docs.anthropic.com/en/api/messages and …/messages-streaming.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.scripted_model.steps import calls, pieces, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = dict[str, Any]


def turn(request: Data) -> int | None:
    """How many turns of the model the conversation has. None without tools: titles and summaries are beside it."""
    if not request.get("tools"):
        return None
    return sum(1 for message in request.get("messages", ()) if message.get("role") == "assistant")


def answer(step: Data, request: Data) -> Data:
    """A finished message of the API that does what the step says."""
    number = len(request.get("messages", ()))
    if "say" in step:
        content, reason = [{"type": "text", "text": step["say"]}], "end_turn"
    else:
        reason = "tool_use"
        content = [
            {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": given}
            for index, (name, given) in enumerate(calls(step))
        ]
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "scripted"),
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def events(message: Data) -> Iterator[Data]:
    """The same message as the events of a stream, in pieces."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        hollow: Data
        if block["type"] == "text":
            whole, kind, key, hollow = block["text"], "text_delta", "text", {"text": ""}
        else:
            whole, kind, key, hollow = json.dumps(block["input"]), "input_json_delta", "partial_json", {"input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **hollow}}
        for piece in pieces(whole):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


def results(request: Data) -> list[str]:
    """What the tools gave back so far, in order."""
    blocks = [
        block
        for message in request.get("messages", ())
        if isinstance(message["content"], list)
        for block in message["content"]
        if block.get("type") == "tool_result"
    ]
    return [text_of(block.get("content", "")) for block in blocks]
