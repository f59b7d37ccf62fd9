"""Google's generateContent, as Gemini CLI speaks it.

The protocol: https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/function-calling.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.scripted_model.steps import calls, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = dict[str, Any]


def turn(request: Data) -> int | None:
    """How many turns of the model the conversation has; None without functions to call."""
    tools = request.get("tools") or ()
    if not any(tool.get("functionDeclarations") for tool in tools):
        return None
    return sum(1 for content in request.get("contents", ()) if content.get("role") == "model")


def answer(step: Data, request: Data) -> Data:
    """A finished answer of the API that does what the step says."""
    del request
    if "say" in step:
        parts: list[Data] = [{"text": step["say"]}]
    else:
        parts = [{"functionCall": {"name": name, "args": given}} for name, given in calls(step)]
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"}


def events(whole: Data) -> Iterator[Data]:
    """The same answer as the chunks of a stream; a call of a function is never in pieces."""
    candidate = whole["candidates"][0]
    parts: list[Data] = []
    for part in candidate["content"]["parts"]:
        parts += [{"text": piece} for piece in pieces(part["text"])] if "text" in part else [part]
    for number, part in enumerate(parts, 1):
        content = {"role": "model", "parts": [part]}
        if number < len(parts):
            yield {"candidates": [{"index": 0, "content": content}], "modelVersion": whole["modelVersion"]}
        else:
            yield {**whole, "candidates": [{**candidate, "content": content}]}


def results(request: Data) -> list[str]:
    """What the functions gave back so far, in order."""
    found = []
    for content in request.get("contents", ()):
        for part in content.get("parts", ()):
            if "functionResponse" in part:
                given = part["functionResponse"].get("response", {})
                found.append(given.get("output") or json.dumps(given))
    return found
