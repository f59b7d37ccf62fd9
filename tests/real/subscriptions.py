"""The services of subscriptions, as far as agents need them: who gives tokens, and the model behind them.

    python -m tests.real.subscriptions ADDRESS CERTIFICATE KEY SEEN STEPS

Speaks TLS on port 443 and says "ready". Every request is one JSON line in SEEN; the model answers by the script in
STEPS. A code is good once, and so is a refresh token: what was used before is answered with invalid_grant. Access
tokens last as many seconds as STEPS.lasts says, a day without such a file.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import sys
import time
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.scripted_model.server import ScriptedModel, _Conversation

LASTS_S = 86400
Data = dict[str, Any]
ACCOUNT: Data = {"chatgpt_account_id": "account-1", "chatgpt_plan_type": "plus", "chatgpt_user_id": "user-1"}

ANSWERS: Data = {
    "/wham/accounts/check": {
        "accounts": [
            {
                "id": "account-1",
                "structure": "personal",
                "workspace_backend_origin": "NO_CONSTRAINT",
                "account_routing_override": "NO_CONSTRAINT",
                "plan_type": "plus",
            }
        ],
        "account_ordering": ["account-1"],
        "default_account_id": "account-1",
    },
    "/codex/models": {"models": []},
}


def web_token(**claims: Any) -> str:
    """A JSON Web Token whose signature nobody checks, and that is like no other."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = part(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    return f"{head}.{part(json.dumps(claims).encode())}.{part(os.urandom(64))}"


class Subscriptions(ScriptedModel):
    address_family = socket.AF_INET6  # type: ignore[mutable-override]  # the standard library's own idiom

    def __init__(self, address: str, tls: ssl.SSLContext, steps: str, log: str) -> None:
        # Not that of the model, which is on the loopback alone.
        ThreadingHTTPServer.__init__(self, (address, 443), Conversation)
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.steps, self.seen, self.requests = steps, log, []
        self.used: set[str] = set()

    @property
    def script(self) -> list[Data]:  # type: ignore[override]  # it is read anew for each answer
        with open(self.steps, encoding="utf-8") as file:
            found: list[Data] = json.load(file)
        return found

    def remember(self, entry: Data) -> None:
        with open(self.seen, "a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")

    def lasts_s(self) -> int:
        try:
            with open(f"{self.steps}.lasts", encoding="ascii") as file:
                return int(file.read())
        except FileNotFoundError:
            return LASTS_S

    def grant(self, request: Data) -> Data | None:
        shown = request.get("refresh_token") or request.get("code") or ""
        if not shown or shown in self.used:
            return None
        self.used.add(shown)
        now, lasts_s = int(time.time()), self.lasts_s()
        claims = {
            "exp": now + lasts_s,
            "iat": now,
            "email": "person@example.test",
            "https://api.openai.com/auth": ACCOUNT,
        }
        openai = request["client_id"].startswith("app_")
        access = web_token(**claims) if openai else f"sk-ant-oat01-{os.urandom(40).hex()}"
        refresh = f"rt_{os.urandom(40).hex()}" if openai else f"sk-ant-ort01-{os.urandom(40).hex()}"
        answer = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
        if openai:
            return {**answer, "id_token": web_token(**claims)}
        return {**answer, "expires_in": lasts_s, "scope": "user:inference user:profile"}


class Conversation(_Conversation):
    server: Subscriptions  # type: ignore[mutable-override]  # the standard library's own idiom

    def do_GET(self) -> None:  # noqa: N802 - the name is the protocol's method
        path = self.path.partition("?")[0]
        answer: Data = next((answer for end, answer in ANSWERS.items() if path.endswith(end)), {})
        self._remember({})
        self._send(json.dumps(answer).encode(), "application/json")

    def do_POST(self) -> None:  # noqa: N802 - the name is the protocol's method
        if not self.path.endswith("/oauth/token"):
            super().do_POST()
            return
        content = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        body = json.loads(content) if content.startswith("{") else dict(parse_qsl(content))
        self._remember(body)
        answer = self.server.grant(body)
        payload = json.dumps(answer or {"error": "invalid_grant"}).encode()
        self.send_response(200 if answer else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def main() -> None:
    address, certificate, key, seen, steps = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Subscriptions(address, context, steps, seen)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
