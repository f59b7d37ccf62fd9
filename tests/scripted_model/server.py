"""A stand-in for a language model: real agents talk to it over their own protocols, a script answers.

    with ScriptedModel(steps) as model:
        … run an agent whose base URL is model.address …
        model.requests                                         everything that was asked, in order

It speaks Anthropic's Messages, OpenAI's Responses and Chat Completions, and Google's generateContent; which of
them follows from the path. The script's form is in `steps`; when it is used up the model says "done". How far a
conversation has come is read from the conversation itself, so retries and parallel side questions disturb nothing.

On the command line: `python -m tests.scripted_model.server --script steps.json --log requests.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.scripted_model import completions, contents, messages, responses
from tests.scripted_model.steps import step_at

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import ModuleType

Data = dict[str, Any]
_PROTOCOLS = {"/messages": messages, "/responses": responses, "/chat/completions": completions}


def protocol_of(path: str) -> ModuleType | None:
    """The protocol of a request, by its path without the query."""
    if path.endswith((":generateContent", ":streamGenerateContent")):
        return contents
    return next((module for end, module in _PROTOCOLS.items() if path.endswith(end)), None)


class ScriptedModel(ThreadingHTTPServer):
    """The server; a context manager that answers on the host's loopback while it is open."""

    def __init__(
        self,
        script: Sequence[Data],
        *,
        log: Path | str | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.script, self.log, self._is_secure = script, log, tls is not None
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.requests: list[Data] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        port = self.server_address[1]
        return f"https://localhost:{port}" if self._is_secure else f"http://127.0.0.1:{port}"

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
        asked = [(protocol_of(entry["path"].partition("?")[0]), entry["body"]) for entry in self.requests]
        turns = [(protocol, body) for protocol, body in asked if protocol and protocol.turn(body) is not None]
        found: list[list[str]] = [protocol.results(body) for protocol, body in turns]
        return max(found, key=len, default=[])


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
        path, _, query = self.path.partition("?")
        protocol = protocol_of(path)
        if path.endswith(("/count_tokens", ":countTokens")):
            self._send(b'{"input_tokens": 1, "totalTokens": 1}', "application/json")
        elif protocol is None:
            self._send(b"{}", "application/json")
        else:
            answer = protocol.answer(step_at(self.server.script, protocol.turn(body)), body)
            if body.get("stream") or "alt=sse" in query:
                self._stream(protocol.events(answer), ended=protocol is completions)
            else:
                self._send(json.dumps(answer).encode(), "application/json")

    def _stream(self, events: Iterable[Data], *, ended: bool) -> None:
        lines = []
        for event in events:
            lines += [f"event: {event['type']}"] if "type" in event else []
            lines += [f"data: {json.dumps(event)}", ""]
        lines += ["data: [DONE]", ""] if ended else []
        self._send(("\n".join(lines) + "\n").encode(), "text/event-stream")

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
