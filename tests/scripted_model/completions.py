"""OpenAI's Chat Completions API, which most others speak too: OpenCode, pi and Copilot with a model of one's own.

The protocol: https://platform.openai.com/docs/api-reference/chat and …/chat-streaming.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.scripted_model.steps import calls, pieces, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = dict[str, Any]
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def turn(request: Data) -> int | None:
    """How many turns of the model the conversation has; None without tools."""
    if not request.get("tools"):
        return None
    return sum(1 for message in request.get("messages", ()) if message.get("role") == "assistant")


def answer(step: Data, request: Data) -> Data:
    """A finished completion of the API that does what the step says."""
    number = len(request.get("messages", ()))
    if "say" in step:
        message: Data = {"role": "assistant", "content": step["say"]}
    else:
        made = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(given)},
            }
            for index, (name, given) in enumerate(calls(step))
        ]
        message = {"role": "assistant", "content": None, "tool_calls": made}
    reason = "stop" if "say" in step else "tool_calls"
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": request.get("model", "scripted"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": USAGE,
    }


def events(completion: Data) -> Iterator[Data]:
    """The same completion as the chunks of a stream, in pieces."""
    choice = completion["choices"][0]
    message = choice["message"]
    yield _chunk(completion, {"role": "assistant", "content": ""})
    for piece in pieces(message["content"] or ""):
        yield _chunk(completion, {"content": piece})
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        opened = {"index": index, **call, "function": {"name": function["name"], "arguments": ""}}
        yield _chunk(completion, {"tool_calls": [opened]})
        for piece in pieces(function["arguments"]):
            yield _chunk(completion, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield _chunk(completion, {}, choice["finish_reason"])
    yield {**_chunk(completion, {}), "choices": [], "usage": completion["usage"]}


def _chunk(completion: Data, delta: Data, reason: str | None = None) -> Data:
    kept = {key: completion[key] for key in ("id", "created", "model")}
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {**kept, "object": "chat.completion.chunk", "choices": choices}


def results(request: Data) -> list[str]:
    """What the tools gave back so far, in order."""
    return [text_of(each["content"]) for each in request.get("messages", ()) if each.get("role") == "tool"]
