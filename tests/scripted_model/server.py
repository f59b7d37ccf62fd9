"""A stand-in for a language model: real agents talk to it over Anthropic's Messages API, a script answers.

A script is a list of steps, one per turn of a conversation:
    {"say": "All done."}                                       text, and the turn ends
    {"tool": "Bash", "input": {"command": "id"}}               one tool call
    {"tools": [{"tool": "Read", "input": {…}}, …]}             several in one turn
When the script is used up it says "done". How far a conversation has come is read from the conversation
itself (one assistant message per turn), so retries and parallel side questions disturb nothing.

    with ScriptedModel(steps) as model:
        … run an agent with ANTHROPIC_BASE_URL=model.address …
        model.requests                                         everything that was asked, in order

On the command line: `python tests/scripted_model/server.py --script steps.json --log requests.jsonl`.
The protocol: https://docs.anthropic.com/en/api/messages and …/messages-streaming.
"""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Data = dict[str, Any]
PIECE = 24  # characters of one streamed delta: clients must put the pieces together


def step_for(script: Sequence[Data], request: Data) -> Data:
    """The step that answers a request. Questions without tools (titles, summaries) are beside the script."""
    if not request.get("tools"):
        return {"say": "ok"}
    turns = [message for message in request.get("messages", ()) if message.get("role") == "assistant"]
    return script[len(turns)] if len(turns) < len(script) else {"say": "done"}


def message_for(step: Data, request: Data) -> Data:
    """A finished message of the API that does what the step says."""
    turn = len(request.get("messages", ()))
    if "say" in step:
        content, reason = [{"type": "text", "text": step["say"]}], "end_turn"
    else:
        reason = "tool_use"
        content = [
            {"type": "tool_use", "id": f"toolu_{turn}_{number}", "name": call["tool"], "input": call["input"]}
            for number, call in enumerate(step.get("tools") or [step])
        ]
    return {
        "id": f"msg_{turn}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "scripted"),
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def events_of(message: Data) -> Iterator[Data]:
    """The same message as the events of a stream, in pieces."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        hollow: Data
        if block["type"] == "text":
            whole, kind, key, hollow = block["text"], "text_delta", "text", {"text": ""}
        else:
            whole, kind, key, hollow = json.dumps(block["input"]), "input_json_delta", "partial_json", {"input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **hollow}}
        for start in range(0, len(whole), PIECE):
            delta = {"type": kind, key: whole[start : start + PIECE]}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


class ScriptedModel(ThreadingHTTPServer):
    """The server; a context manager that answers on the host's loopback while it is open."""

    def __init__(self, script: Sequence[Data], *, log: Path | str | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.script, self.log = script, log
        self.requests: list[Data] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def remember(self, entry: Data) -> None:
        with self._lock:
            self.requests.append(entry)
            if self.log:
                with open(self.log, "a", encoding="utf-8") as log:
                    log.write(json.dumps(entry) + "\n")

    def tool_results(self) -> list[str]:
        """What the agent's tools gave back in the longest conversation so far, as text, in order."""
        asked = [entry["body"] for entry in self.requests if entry["body"].get("tools")]
        longest: Data = max(asked, key=lambda body: len(body["messages"]), default={"messages": []})
        blocks = [
            block
            for message in longest["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
            if block.get("type") == "tool_result"
        ]
        return [_text(block.get("content", "")) for block in blocks]


def _text(content: str | list[Data]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedModel  # type: ignore[mutable-override]  # the standard library's own idiom

    def do_GET(self) -> None:
        self._remember({})
        self._send(b"{}", "application/json")

    do_HEAD = do_GET  # noqa: N815 - the name is the protocol's method

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        self._remember(body)
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send(b'{"input_tokens": 1}', "application/json")
        elif path != "/v1/messages":
            self._send(b"{}", "application/json")
        else:
            message = message_for(step_for(self.server.script, body), body)
            if body.get("stream"):
                events = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events_of(message))
                self._send("".join(events).encode(), "text/event-stream")
            else:
                self._send(json.dumps(message).encode(), "application/json")

    def _remember(self, body: Data) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.remember({"path": self.path, "headers": headers, "body": body})

    def _send(self, payload: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Silent: the log is ours."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--script", required=True)
    parser.add_argument("--log")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with open(options.script, encoding="utf-8") as file:
        server = ScriptedModel(json.load(file), log=options.log, port=options.port)
    print(f"listening on {server.address}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
