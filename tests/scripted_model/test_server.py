from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.scripted_model import completions, contents, messages, responses
from tests.scripted_model.server import ScriptedModel, protocol_of

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = [{"name": "Bash", "input_schema": {}}]
SCRIPT: list[dict[str, Any]] = [{"tool": "Bash", "input": {"command": "id"}}, {"say": "All done."}]


def asked(turns: int) -> dict[str, Any]:
    said: list[dict[str, Any]] = [{"role": "user", "content": "go"}]
    for turn in range(turns):
        said += [{"role": "assistant", "content": f"{turn}"}, {"role": "user", "content": "on"}]
    return {"model": "m", "messages": said, "tools": TOOLS}


def ask(address: str, path: str, body: dict[str, Any]) -> tuple[str, str]:
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"X-Api-Key": "not-a-secret"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["content-type"], answer.read().decode()


@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        ("/v1/messages", messages),
        ("/v1/responses", responses),
        ("/any/chat/completions", completions),
        ("/v1beta/models/m:generateContent", contents),
        ("/v1beta/models/m:streamGenerateContent", contents),
        ("/v1/messages/count_tokens", None),
        ("/v1/models", None),
    ],
)
def test_the_path_says_which_protocol_is_spoken(path: str, protocol: object) -> None:
    assert protocol_of(path) is protocol


def test_it_answers_over_http_streaming_and_not_and_keeps_a_log(tmp_path: Path) -> None:
    with ScriptedModel(SCRIPT, log=tmp_path / "log") as model:
        kind, whole = ask(model.address, "/v1/messages?beta=true", asked(0))
        assert kind == "application/json"
        assert json.loads(whole)["content"][0]["input"] == {"command": "id"}
        kind, stream = ask(model.address, "/v1/messages", {**asked(1), "stream": True})
        assert kind == "text/event-stream"
        assert stream.startswith("event: message_start\n")
        assert '"text": "All done."' in stream
        assert json.loads(ask(model.address, "/v1/messages/count_tokens", {})[1])["input_tokens"] == 1
        assert json.loads(ask(model.address, "/api/telemetry", {})[1]) == {}
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert logged == model.requests
    assert [entry["path"] for entry in logged][:2] == ["/v1/messages?beta=true", "/v1/messages"]
    assert logged[0]["headers"]["x-api-key"] == "not-a-secret"


@pytest.mark.parametrize(
    ("path", "body", "last"),
    [
        ("/v1/responses", {"stream": True, "input": [], "tools": TOOLS}, '"response.completed"'),
        ("/v1/chat/completions", {**asked(0), "stream": True}, "[DONE]"),
        ("/m:streamGenerateContent?alt=sse", {"contents": [], "tools": [{"functionDeclarations": TOOLS}]}, '"STOP"'),
    ],
)
def test_every_stream_ends_as_its_protocol_wants(path: str, body: dict[str, Any], last: str) -> None:
    with ScriptedModel(SCRIPT) as model:
        kind, stream = ask(model.address, path, body)
    assert kind == "text/event-stream"
    assert stream.endswith("\n\n")
    assert last in stream.strip().rpartition("data: ")[2]


def test_the_results_of_tools_are_read_from_the_longest_conversation() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "1", "content": "one"},
        {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "two"}]},
    ]
    body = asked(1)
    body["messages"][-1]["content"] = results
    with ScriptedModel(SCRIPT) as model:
        assert model.tool_results() == []
        ask(model.address, "/v1/messages", asked(0))
        ask(model.address, "/v1/messages", body)
        ask(model.address, "/v1/messages", asked(0))
        assert model.tool_results() == ["one", "two"]
