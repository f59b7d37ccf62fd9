from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scripted_model.server import ScriptedModel, events_of, message_for, step_for

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = [{"name": "Bash", "input_schema": {}}]
SCRIPT: list[dict[str, Any]] = [{"tool": "Bash", "input": {"command": "id"}}, {"say": "All done."}]


def asked(turns: int) -> dict[str, Any]:
    said: list[dict[str, Any]] = [{"role": "user", "content": "go"}]
    for turn in range(turns):
        said += [{"role": "assistant", "content": f"{turn}"}, {"role": "user", "content": "on"}]
    return {"model": "m", "messages": said, "tools": TOOLS}


def test_steps_are_taken_one_per_turn_and_then_it_is_done() -> None:
    assert [step_for(SCRIPT, asked(turn)) for turn in range(4)] == [*SCRIPT, {"say": "done"}, {"say": "done"}]


def test_asking_the_same_again_gets_the_same_answer() -> None:
    assert message_for(SCRIPT[0], asked(0)) == message_for(SCRIPT[0], asked(0))


def test_a_side_question_does_not_use_up_a_step() -> None:
    assert step_for(SCRIPT, {"messages": [{"role": "user", "content": "a title, please"}]}) == {"say": "ok"}


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text()))
def test_the_pieces_of_a_stream_make_up_the_message(text: str, arguments: dict[str, str]) -> None:
    calls = {"tools": [{"tool": "A", "input": arguments}, {"tool": "B", "input": {}}]}
    for step in ({"say": text}, calls):
        message = message_for(step, asked(0))
        built: dict[int, Any] = {}
        pieces: dict[int, str] = {}
        for event in events_of(message):
            if event["type"] == "content_block_start":
                built[event["index"]] = event["content_block"]
            if event["type"] == "content_block_delta":
                delta = event["delta"]
                pieces[event["index"]] = pieces.get(event["index"], "") + delta.get(
                    "text", delta.get("partial_json", "")
                )
        for index, block in built.items():
            block.update({"text": pieces[index]} if block["type"] == "text" else {"input": json.loads(pieces[index])})
        assert [built[index] for index in sorted(built)] == message["content"]


def ask(address: str, path: str, body: dict[str, Any]) -> tuple[str, str]:
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"X-Api-Key": "not-a-secret"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["content-type"], answer.read().decode()


def test_it_answers_over_http_streaming_and_not_and_keeps_a_log(tmp_path: Path) -> None:
    with ScriptedModel(SCRIPT, log=tmp_path / "log") as model:
        kind, whole = ask(model.address, "/v1/messages?beta=true", asked(0))
        assert kind == "application/json"
        assert json.loads(whole)["content"][0]["input"] == {"command": "id"}
        kind, stream = ask(model.address, "/v1/messages", {**asked(1), "stream": True})
        assert kind == "text/event-stream"
        assert stream.startswith("event: message_start\n")
        assert '"text": "All done."' in stream
        assert json.loads(ask(model.address, "/v1/messages/count_tokens", {})[1]) == {"input_tokens": 1}
        assert json.loads(ask(model.address, "/api/telemetry", {})[1]) == {}
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert logged == model.requests
    assert [entry["path"] for entry in logged][:2] == ["/v1/messages?beta=true", "/v1/messages"]
    assert logged[0]["headers"]["x-api-key"] == "not-a-secret"


def test_the_results_of_tools_are_read_from_the_longest_conversation(tmp_path: Path) -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "1", "content": "one"},
        {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "two"}]},
    ]
    body = asked(1)
    body["messages"][-1]["content"] = results
    with ScriptedModel(SCRIPT) as model:
        ask(model.address, "/v1/messages", asked(0))
        ask(model.address, "/v1/messages", body)
        ask(model.address, "/v1/messages", asked(0))
        assert model.tool_results() == ["one", "two"]
