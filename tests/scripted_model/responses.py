"""OpenAI's Responses API, as Codex speaks it, and OpenCode and pi with OpenAI's models.

The protocol: https://platform.openai.com/docs/api-reference/responses and …/responses-streaming.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.scripted_model.steps import calls, pieces, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = dict[str, Any]
# A tool takes an object, or free text: then it is a "custom" one, such as Codex's `exec`, which runs a script.
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def turn(request: Data) -> int | None:
    """One more than the turn in the newest call's id: clients merge and leave out the model's other items."""
    if not request.get("tools") and not any(item.get("type") == "additional_tools" for item in _items(request)):
        return None
    ids = [item["call_id"] for item in _items(request) if item.get("type") in _CALLS]
    return max((int(each.split("_")[1]) + 1 for each in ids), default=0)


def answer(step: Data, request: Data) -> Data:
    """A completed response of the API that does what the step says."""
    number = turn(request) or 0
    if "say" in step:
        parts = [{"type": "output_text", "text": step["say"], "annotations": []}]
        output = [
            {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": parts}
        ]
    else:
        output = [_made(f"{number}_{index}", name, given) for index, (name, given) in enumerate(calls(step))]
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    }
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "model": request.get("model", "scripted"),
        "output": output,
        "usage": usage,
    }


def _made(place: str, name: str, given: Data | str) -> Data:
    kind, given = ("custom_tool_call", given) if isinstance(given, str) else ("function_call", json.dumps(given))
    return {
        "type": kind,
        "id": f"fc_{place}",
        "call_id": f"call_{place}",
        "name": name,
        _CALLS[kind]: given,
        "status": "completed",
    }


def events(response: Data) -> Iterator[Data]:
    """The same response as the events of a stream, in pieces."""
    plain: list[Data] = [{"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}]
    for index, item in enumerate(response["output"]):
        at: Data = {"output_index": index, "item_id": item["id"]}
        hollow: Data = {"content": []} if item["type"] == "message" else {_CALLS[item["type"]]: ""}
        opened = {**item, **hollow, "status": "in_progress"}
        plain.append({"type": "response.output_item.added", "output_index": index, "item": opened})
        plain += _message(item, at) if item["type"] == "message" else _call(item, at)
        plain.append({"type": "response.output_item.done", "output_index": index, "item": item})
    plain.append({"type": "response.completed", "response": response})
    for number, event in enumerate(plain):
        yield {**event, "sequence_number": number}


def _message(item: Data, at: Data) -> Iterator[Data]:
    part = item["content"][0]
    at = {**at, "content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield {"type": "response.output_text.delta", **at, "delta": piece}
    yield {"type": "response.output_text.done", **at, "text": part["text"]}
    yield {"type": "response.content_part.done", **at, "part": part}


def _call(item: Data, at: Data) -> Iterator[Data]:
    key = _CALLS[item["type"]]
    kind = "function_call_arguments" if key == "arguments" else "custom_tool_call_input"
    for piece in pieces(item[key]):
        yield {"type": f"response.{kind}.delta", **at, "delta": piece}
    yield {"type": f"response.{kind}.done", **at, key: item[key]}


def results(request: Data) -> list[str]:
    """What the tools gave back so far, in order."""
    return [text_of(item["output"]) for item in _items(request) if item.get("type") in _OUTPUTS]


def _items(request: Data) -> list[Data]:
    found = request.get("input", ())
    return [] if isinstance(found, str) else list(found)
