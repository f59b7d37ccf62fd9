"""Plain HTTP between one client and one upstream, without I/O: bytes in, steps out.

Requests are judged one by one (`requests`), written anew, and answered in order. Bodies stream; nothing is
collected but heads. Whatever cannot be forwarded exactly ends the connection rather than being guessed.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.gateway import reasons
from paddock.gateway.http import answers, bodies, heads, requests
from paddock.gateway.http.requests import BadRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from paddock.gateway.gate import Gate
    from paddock.gateway.http.answers import Answer, Reply
    from paddock.gateway.http.bodies import Reader
    from paddock.gateway.http.requests import Request
    from paddock.gateway.rules import Endpoint

    Kind = Literal["dial", "up", "down", "refuse", "finish", "abort"]

MOST_PIPELINED = 64 * 1024
_GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"


@frozen
class Step:
    """What the shell is to do.

    dial: connect to the upstream; `up` and `down` that follow wait for it · up, down: write `data` · refuse:
    record `reason`, write `data` to the client, finish · finish: close after what is written · abort: reset,
    so that nobody takes half a message for a whole one, and record `reason` if there is one.
    `credential` names the one that a refusal is about.
    """

    kind: Kind
    data: bytes = b""
    reason: str = ""
    credential: str = ""


class Exchange:
    """The protocol state of one client connection."""

    def __init__(self, endpoint: Endpoint, gate: Gate) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._judge = requests.Judge(endpoint)
        self._pending = bytearray()  # client bytes that no request has taken yet
        self._searched = 0  # so far without the end of a head
        self._asked: Reader | None = None  # the body of the request that is under way, else None
        self._kept: tuple[Request, bytearray] | None = None  # one that the gate will judge with its whole body
        self._asking = bodies.Writer(0)  # writes it to the upstream
        self._reply = answers.Reply(b"")
        self._answering = bodies.Writer(0)  # writes its body to the client
        self._responding = False  # anything of it was passed on
        self._requests = 0
        self._keeps = True
        self._client_ended = False
        self._over = False
        self._method = b""
        self._for_git = False
        self._steps: list[Step] = []

    @property
    def is_idle(self) -> bool:
        """Between requests, with nothing of the next one there."""
        return self._asked is None and not self._pending

    @property
    def awaits_head(self) -> bool:
        """A request's head has begun and is not complete."""
        return self._asked is None and bool(self._pending)

    @property
    def is_full(self) -> bool:
        """So much waits for the current response to end that the client should be read no further."""
        return len(self._pending) > MOST_PIPELINED

    def client_data(self, data: bytes) -> list[Step]:
        """Bytes from the client."""
        if not self._over:
            if self._asked is not None and not self._asked.is_done:
                (self._forward_body if self._kept is None else self._keep_body)(self._asked, data)
            else:
                self._pending += data
                self._next_request()
        return self._taken()

    def client_eof(self) -> list[Step]:
        """The client sends no more. A complete request is still answered."""
        self._client_ended = True
        if not self._over:
            if self._asked is None:
                self._end("finish")
            elif not self._asked.is_done:
                self._end("abort")
        return self._taken()

    def upstream_data(self, data: bytes) -> list[Step]:
        """Bytes from the upstream; empty at its end."""
        if not self._over:
            if self._asked is None:
                # Unasked for, or the end between two requests: this connection is of no more use.
                self._end("finish")
            else:
                self._receive(self._reply, data)
        return self._taken()

    def fail(self, reason: str) -> list[Step]:
        """The upstream cannot be reached, or broke off: say so if nothing was said yet."""
        if not self._over:
            if self._asked is None:
                self._end("finish")
            else:
                self._give_up(reason)
        return self._taken()

    def refuse_head(self, reason: str) -> list[Step]:
        """The head that has begun to come is refused."""
        if not self._over and self._asked is None:
            self._method, self._for_git = b"", False
            self._refuse(reason)
        return self._taken()

    def _taken(self) -> list[Step]:
        steps, self._steps = self._steps, []
        return steps

    def _end(self, kind: Kind) -> None:
        self._over = True
        self._steps.append(Step(kind))

    def _refuse(self, reason: str, credential: str = "") -> None:
        self._over = True
        head_only = self._method == b"HEAD"
        data = reasons.refusal(
            reason, self._endpoint, head_only=head_only, credential=credential, for_git=self._for_git
        )
        self._steps.append(Step("refuse", data, reason, credential))

    def _give_up(self, reason: str, credential: str = "") -> None:
        if not self._responding:
            self._refuse(reason, credential)
        elif reason.startswith("upstream-"):
            self._end("abort")  # half a response cannot be taken back
        else:
            self._over = True
            self._steps.append(Step("abort", b"", reason, credential))

    def _next_request(self) -> None:
        """Begin the next request if its head is complete and the last response is."""
        if self._asked is not None or self._over:
            return
        while self._pending.startswith(b"\r\n"):  # RFC 9112 §2.2: left over by sloppy clients
            del self._pending[:2]
        at = self._pending.find(heads.END, max(0, self._searched - len(heads.END)))
        self._searched = len(self._pending)
        if at > heads.LONGEST_REQUEST or (at < 0 and len(self._pending) > heads.LONGEST_REQUEST):
            self._refuse("http-too-long")
        elif at >= 0:
            end = at + len(heads.END)
            head, rest = bytes(self._pending[:end]), bytes(self._pending[end:])
            self._pending.clear()
            self._searched = 0
            try:
                self._start(head, rest)
            except BadRequest as error:
                self._refuse(error.reason, error.credential)

    def _start(self, head: bytes, rest: bytes) -> None:
        self._method, self._for_git = b"", False
        request = self._judge.judge(head)
        self._method, self._for_git = request.method, requests.is_git(request)
        body = bodies.reader(self._judge.framing)
        if self._gate.needs_body(request):
            if requests.awaits_go_ahead(request):
                self._steps.append(Step("down", _GO_AHEAD))
            self._asked, self._kept = body, (requests.without_expectation(request), bytearray())
            self._keep_body(body, rest)
            return
        wire = self._pass(request)
        self._asked = body
        self._forward_body(body, rest, wire)

    def _pass(self, request: Request, content: bytes = b"") -> bytes:
        """Let the gate judge a request; its head for the upstream."""
        passed = self._gate.request(request, content)
        if passed is not request:
            requests.check_rewritten(passed, self._judge.framing)
        if self._requests == 0:
            self._steps.append(Step("dial"))
        self._requests += 1
        self._asking = bodies.Writer(self._judge.framing)
        self._reply, self._responding = answers.Reply(request.method), False
        return requests.write(passed)

    def _keep_body(self, body: Reader, data: bytes) -> None:
        """Keep what has come of a body that the gate needs as a whole; with its end, the request goes on."""
        assert self._kept is not None  # noqa: S101 - the caller has looked
        request, content = self._kept
        try:
            more = body.feed(data) if data else b""
            self._gate.keep(len(more))
            content += more
            if not body.is_done:
                return
            self._kept = None
            wire = self._pass(request, bytes(content))
            wire += self._asking.data(self._gate.body(bytes(content)))
            wire += self._asking.data(self._gate.body_end()) + self._asking.end([])
        except BadRequest as error:
            self._refuse(error.reason, error.credential)
        except bodies.BadBody:
            self._refuse("http-malformed")
        else:
            self._pending += body.rest
            self._steps.append(Step("up", wire))

    def _forward_body(self, body: Reader, data: bytes, wire: bytes = b"") -> None:
        """Forward what has come of the request's body, behind its head where that is still to go."""
        try:
            content = body.feed(data) if data else b""
            if content:
                wire += self._asking.data(self._gate.body(content))
            if body.is_done:
                # A request's trailers are not forwarded.
                wire += self._asking.data(self._gate.body_end()) + self._asking.end([])
                self._pending += body.rest
        except BadRequest as error:
            self._give_up(error.reason, error.credential)
        except bodies.BadBody:
            self._give_up("http-malformed")
        except bodies.WrongLength:
            self._end("abort")
        else:
            if wire:
                self._steps.append(Step("up", wire))

    def _receive(self, reply: Reply, data: bytes) -> None:
        """Forward what has come of the response, or that its connection has ended."""
        try:
            began, content = reply.feed(data) if data else reply.end()
            wire = b"".join([self._head_down(answer) for answer in began])
            if content:
                wire += self._answering.data(self._gate.response_body(content))
            if reply.is_done:
                trailers = self._gate.fields(reply.trailers) if self._judge.is_modern else []
                wire += self._answering.data(self._gate.response_end()) + self._answering.end(trailers)
        except answers.BadAnswer:
            if not data and not reply.has_begun and self._requests > 1:
                self._end("finish")  # closed while idle, as servers do; clients then ask again
            else:
                self._give_up("upstream-malformed" if data else "upstream-closed")
            return
        except BadRequest as error:
            self._give_up(error.reason, error.credential)
            return
        except bodies.WrongLength:
            self._end("abort")
            return
        if wire:
            self._steps.append(Step("down", wire))
        if reply.is_done:
            self._finish_response(reply.rest)

    def _head_down(self, answer: Answer) -> bytes:
        """The head of a response for the client."""
        is_modern = self._judge.is_modern
        if answer.is_interim:
            return answers.write(answer, self._gate.fields(answer.headers)) if is_modern else b""
        headers = self._gate.response(answer.status, answer.headers)
        if headers is not answer.headers:
            answers.check_rewritten(headers)
        framing = answer.framing
        if framing < 0:
            framing = bodies.CHUNKED if is_modern else bodies.TO_THE_END
        self._keeps = answer.keeps and self._judge.keeps
        self._answering, self._responding = bodies.Writer(framing), True
        return answers.write(answer, headers, framing, closes=not self._keeps)

    def _finish_response(self, rest: bytes) -> None:
        is_complete = self._asked is not None and self._asked.is_done
        if not is_complete or not self._keeps or rest:
            self._end("finish")
            return
        self._asked = None
        self._next_request()
        if self._client_ended and not self._over and (self.is_idle or self.awaits_head):
            self._end("finish")
