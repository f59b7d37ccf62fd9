"""What is judged and rewritten of an HTTP exchange besides its form: credentials, methods, paths, amounts.

`exchange` calls it for every request and response that the gateway can read. This one lets everything pass; the
one that knows rules and credentials is made where a connection is admitted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.gateway.http.requests import Request

    Headers = list[tuple[bytes, bytes]]


class Gate:
    """Passes everything unchanged. One for each client connection; its requests come one after the other."""

    bytes_kept = 0  # of a body that waits for its end

    def needs_body(self, request: Request) -> bool:
        """Whether `request` must be told the whole body. Then that is kept first. Raises BadRequest."""
        del request
        return False

    def keep(self, count: int) -> None:
        """So many more bytes of a body are kept. Raises BadRequest where that is too much."""

    def request(self, request: Request, body: bytes = b"") -> Request:
        """The request as it may go out; `body` where it was needed. Raises BadRequest."""
        del body
        return request

    def body(self, data: bytes) -> bytes:
        """The next bytes of its body that may go out; the rest may come later. Raises BadRequest."""
        return data

    def body_end(self) -> bytes:
        """What was kept of the body. In all a body keeps its length. Raises BadRequest."""
        return b""

    def response(self, status: int, headers: Headers) -> Headers:
        """The headers of the answer as they may come in."""
        del status
        return headers

    def fields(self, fields: Headers) -> Headers:
        """Other fields of the answer as they may come in: of an interim one, or those behind the body."""
        return fields

    def response_body(self, data: bytes) -> bytes:
        """The next bytes of the answer's body that may come in; the rest may come later. Raises BadRequest."""
        return data

    def response_end(self) -> bytes:
        """What was kept of the answer's body. In all a body keeps its length."""
        return b""
