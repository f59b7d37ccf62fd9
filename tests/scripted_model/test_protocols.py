"""Each protocol's pure part: a step becomes an answer, the answer a stream that makes it up again, and is understood."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scripted_model import completions, contents, messages, responses

Data = dict[str, Any]
INPUTS = st.dictionaries(st.text(), st.text())
CALL: Data = {"tool": "A", "input": {"x": "1"}}


@given(st.text(min_size=1), INPUTS)
def test_messages_in_pieces_make_up_the_message(text: str, given_: Data) -> None:
    for step in ({"say": text}, {"tools": [{"tool": "A", "input": given_}, {"tool": "B", "input": {}}]}):
        message = messages.answer(step, {"messages": []})
        built: dict[int, Any] = {}
        parts: dict[int, str] = {}
        for event in messages.events(message):
            if event["type"] == "content_block_start":
                built[event["index"]] = event["content_block"]
            if event["type"] == "content_block_delta":
                delta = event["delta"]
                parts[event["index"]] = parts.get(event["index"], "") + delta.get("text", delta.get("partial_json", ""))
        for index, block in built.items():
            block.update({"text": parts[index]} if block["type"] == "text" else {"input": json.loads(parts[index])})
        assert [built[index] for index in sorted(built)] == message["content"]


@given(st.text(min_size=1), INPUTS)
def test_responses_in_pieces_make_up_the_response(text: str, given_: Data) -> None:
    steps = ({"say": text}, {"tools": [{"tool": "A", "input": given_}, {"tool": "exec", "input": text}]})
    for step in steps:
        response = responses.answer(step, {"input": [], "tools": [{}]})
        found = list(responses.events(response))
        assert [event["sequence_number"] for event in found] == list(range(len(found)))
        assert [event["item"] for event in found if event["type"] == "response.output_item.done"] == response["output"]
        assert found[-1]["response"] == response
        for index, item in enumerate(response["output"]):
            deltas = [
                each["delta"] for each in found if each.get("delta") is not None and each["output_index"] == index
            ]
            whole = (
                item["content"][0]["text"] if item["type"] == "message" else item.get("arguments", item.get("input"))
            )
            assert "".join(deltas) == whole


@given(st.text(min_size=1), INPUTS)
def test_completions_in_pieces_make_up_the_completion(text: str, given_: Data) -> None:
    for step in ({"say": text}, {"tools": [{"tool": "A", "input": given_}, {"tool": "B", "input": {}}]}):
        completion = completions.answer(step, {"messages": []})
        said, arguments = "", dict[int, str]()
        for chunk in completions.events(completion):
            for choice in chunk["choices"]:
                said += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls", ()):
                    at = call["index"]
                    arguments[at] = arguments.get(at, "") + call["function"]["arguments"]
        message = completion["choices"][0]["message"]
        assert said == (message["content"] or "")
        assert list(arguments.values()) == [each["function"]["arguments"] for each in message.get("tool_calls", ())]


@given(st.text(min_size=1), INPUTS)
def test_contents_in_pieces_make_up_the_answer(text: str, given_: Data) -> None:
    for step in ({"say": text}, {"tool": "A", "input": given_}):
        whole = contents.answer(step, {})
        parts = [part for event in contents.events(whole) for part in event["candidates"][0]["content"]["parts"]]
        if "say" in step:
            assert "".join(part["text"] for part in parts) == text
        else:
            assert parts == whole["candidates"][0]["content"]["parts"]


def test_a_conversation_of_messages_is_understood() -> None:
    request: Data = {"tools": [{}], "messages": [{"role": "user", "content": "go"}]}
    assert messages.turn(request) == 0
    request["messages"].append({"role": "assistant", "content": messages.answer(CALL, request)["content"]})
    back = {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "r"}]}
    request["messages"].append({"role": "user", "content": [back]})
    assert (messages.turn(request), messages.results(request)) == (1, ["r"])
    assert messages.turn({"messages": request["messages"]}) is None


def test_a_conversation_of_responses_is_understood_also_where_the_tools_are_an_item() -> None:
    request: Data = {"input": [{"type": "additional_tools", "tools": [{}]}]}
    assert responses.turn(request) == 0
    calls = responses.answer({"tools": [CALL, {"tool": "exec", "input": "text(1)"}]}, request)["output"]
    outputs = [{"type": f"{call['type']}_output", "call_id": call["call_id"], "output": "r"} for call in calls]
    outputs[0]["type"] = "function_call_output"
    request["input"] += [*calls, *outputs]
    assert (responses.turn(request), responses.results(request)) == (1, ["r", "r"])
    assert responses.turn({"input": "hello"}) is None


def test_a_conversation_of_completions_is_understood() -> None:
    request: Data = {"tools": [{}], "messages": [{"role": "user", "content": "go"}]}
    assert completions.turn(request) == 0
    request["messages"].append(completions.answer(CALL, request)["choices"][0]["message"])
    request["messages"].append({"role": "tool", "tool_call_id": "x", "content": "r"})
    assert (completions.turn(request), completions.results(request)) == (1, ["r"])


def test_a_conversation_of_contents_is_understood() -> None:
    request: Data = {
        "tools": [{"functionDeclarations": [{}]}],
        "contents": [{"role": "user", "parts": [{"text": "go"}]}],
    }
    assert contents.turn(request) == 0
    request["contents"].append(contents.answer(CALL, request)["candidates"][0]["content"])
    back = {"functionResponse": {"name": "A", "response": {"output": "r"}}}
    request["contents"].append({"role": "user", "parts": [back]})
    assert (contents.turn(request), contents.results(request)) == (1, ["r"])
    assert contents.turn({"tools": [{"googleSearch": {}}]}) is None


def test_asking_the_same_again_gets_the_same_answer() -> None:
    for protocol in (messages, responses, completions, contents):
        assert protocol.answer(CALL, {}) == protocol.answer(CALL, {})
