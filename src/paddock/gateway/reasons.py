"""Why the gateway said no: stable codes, a sentence for each, and what a person can do about it.

The code goes into the record, into `X-Paddock-Reason` and into the body of an HTTP refusal.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.gateway.rules import Endpoint

REASON_HEADER = "X-Paddock-Reason"


@frozen
class Reason:
    """`status` is the HTTP status where one is sent."""

    what: str
    remedy: str
    status: int = 403


_CLIENT = "This is about the request itself: no rule would allow it."
_HERE = 'allow = ["host:PORT"], which is a service of this machine, and http://host:PORT inside'
_UPSTREAM = "The rule allows it; look at the service, or at this machine's own network."
_GUARD = "Whoever runs that name pointed it there. Nothing can allow this class of address by name."

REASONS = {
    "not-allowed": Reason(
        "no rule names this host", "paddock run --allow HOST:PORT, or [network] allow in paddock.toml"
    ),
    "dns-malformed": Reason("the DNS query is malformed", _CLIENT),
    "too-many-names": Reason("more different names than the record keeps apart were refused", _CLIENT),
    "too-many-connections": Reason("too many connections are open at once", "close some of them"),
    "exhausted": Reason(
        "this machine has no descriptor or memory left to accept connections; they wait, and it is tried every second",
        "close some of them, or raise the limit on open files",
        503,
    ),
    "no-endpoint": Reason("nothing is allowed at this address and port", "connect by name"),
    "silent": Reason(
        "the client sent nothing for five seconds",
        "raw = true in the rule, if the server is to speak first",
    ),
    "abandoned": Reason("the client went away before anything was decided", "nothing to do"),
    "not-tls-or-http": Reason(
        "the first bytes are neither TLS nor HTTP", "raw = true in the rule, if another protocol is wanted"
    ),
    "tls-malformed": Reason("the TLS ClientHello is malformed", _CLIENT),
    "tls-too-long": Reason("the TLS ClientHello is too long", _CLIENT),
    "tls-several-names": Reason("the TLS ClientHello asks for several names", _CLIENT),
    "tls-no-name": Reason("the TLS ClientHello names no server", "use a client that sends the server name (SNI)"),
    "tls-other-name": Reason("the TLS server name is not the name that was looked up", _CLIENT),
    "http-malformed": Reason("the request is no valid HTTP/1.1", _CLIENT, 400),
    "http-folded": Reason("a header is folded over several lines", _CLIENT, 400),
    "http-both-lengths": Reason("the request has both Content-Length and Transfer-Encoding", _CLIENT, 400),
    "http-too-long": Reason("the request's head is too long", _CLIENT, 431),
    "http-too-slow": Reason("the request's head took too long", _CLIENT, 408),
    "http-version": Reason("only HTTP/1.0 and HTTP/1.1 are spoken without TLS", _CLIENT, 505),
    "http-no-host": Reason("the request has no Host header, or more than one", _CLIENT, 400),
    # RFC 9110 §15.5.20: this server does not answer for that name.
    "http-other-host": Reason("the Host header is not the name that was looked up", _CLIENT, 421),
    "http-target": Reason("the request's target leads to another host, or is malformed", _CLIENT),
    "http-method": Reason("the methods CONNECT and TRACE are refused", _CLIENT),
    "http-upgrade": Reason("upgrades to other protocols are refused", "use TLS"),
    "http-steered": Reason(
        "a header asks for another method or path than the request's own, and the rule or a credential bounds these",
        "send the method and path that are meant",
    ),
    "denied": Reason("a rule denies this host", "paddock net show tells which; a denial stands above what allows"),
    "name-like-data": Reason(
        "a label of this name looks like data, and a wildcard would carry it out", "allow the exact name"
    ),
    "too-many-under-wildcard": Reason(
        "more different names were asked for under a wildcard than it lets", "allow exact names"
    ),
    "inside-port-taken": Reason(
        "a program inside has taken the port of this rule on all addresses", "let it listen on 127.0.0.1 only"
    ),
    "tls-not-trusted": Reason(
        "the client does not trust the session's authority, by which the gateway reads this host's TLS",
        "let the client follow SSL_CERT_FILE; one that pins a certificate needs a rule without methods and paths, and "
        "no credential",
    ),
    "tls-handshake": Reason("the TLS handshake with the client failed", _CLIENT),
    "tls-only-http2": Reason(
        "the client speaks HTTP/2 only, and the gateway reads HTTP/1.1",
        "let the client speak HTTP/1.1, or a rule without methods and paths, and no credential",
    ),
    "tls-late-rule": Reason(
        "this host's TLS would have to be read, and the session's authority was made without it",
        "start the session again with the rule",
    ),
    "rule-request": Reason("the rule allows this host, but not this method or path", "add them to the rule"),
    "secret-in-name": Reason("the name that was looked up holds a secret or a placeholder", "find out who asked"),
    "secret-outgoing": Reason("the request holds a secret", "find out who put it there, and change that secret"),
    "placeholder-elsewhere": Reason(
        "the request holds a credential's placeholder, and the credential is not for this place",
        "bind the credential to this host, method and path, if that is wanted",
    ),
    "canary-used": Reason("the request holds a planted credential", "look at what ran in this session"),
    "credential-plain": Reason("a credential would go out without TLS", "use the service's TLS port"),
    "credential-in-query": Reason(
        "the request proves who asks in its query, where it comes into logs",
        "let the client send a header; the gateway puts the credential there",
    ),
    "secret-incoming": Reason(
        "the answer holds the credential that was sent, compressed, where it cannot be taken out",
        "look at the service; it should not send back who asks",
        502,
    ),
    "answer-encoding": Reason(
        "the answer is encoded in a way that was not asked for and cannot be looked into, and a credential was sent",
        _UPSTREAM,
        502,
    ),
    "body-encoding": Reason("the body is encoded in a way that cannot be looked into", "gzip, deflate or none", 415),
    "body-damaged": Reason("the body's compression is damaged", _CLIENT, 400),
    "body-dense": Reason("the body is compressed too much to be looked into", "send it as it is", 413),
    "body-long": Reason("the body is too long to be signed as a whole", "let the client send its hash", 413),
    "sigv4-form": Reason("the AWS signature is malformed, or of a kind that cannot be signed anew", "use SigV4"),
    "sigv4-chunks": Reason(
        "the body's chunks are signed one by one, which cannot be done anew",
        "let the client use UNSIGNED-PAYLOAD or a hash of the whole body",
    ),
    "upload-spent": Reason("the upload budget of this host is spent", "upload in the rule, or another session", 413),
    "too-fast": Reason("connections are begun faster than the policy lets", "wait a second", 429),
    "upstream-certificate": Reason("the service's certificate is not valid for this name", _UPSTREAM, 502),
    "upstream-tls": Reason("the TLS handshake with the service failed", _UPSTREAM, 502),
    "upstream-inside": Reason("nothing inside listens on the published port", "start the server inside", 502),
    "upstream-unresolved": Reason("the name could not be resolved outside", _UPSTREAM, 502),
    "upstream-unreachable": Reason("no connection to the service could be made", _UPSTREAM, 502),
    "upstream-slow": Reason("the service did not answer in time", _UPSTREAM, 504),
    "upstream-exhausted": Reason(
        "this machine has no port, descriptor or memory left for one more connection", "close some connections", 503
    ),
    "upstream-malformed": Reason("the service's answer is no valid HTTP/1.1", _UPSTREAM, 502),
    "upstream-closed": Reason("the service closed the connection without an answer", _UPSTREAM, 502),
    "address-private": Reason("the name leads to a private address", "private = true in the rule, if that is wanted"),
    "address-loopback": Reason("the name leads to this machine's loopback", _HERE),
    "address-host": Reason("the name leads to this machine itself", _HERE),
    "address-metadata": Reason("the name leads to a cloud metadata service", _GUARD),
    "address-link-local": Reason("the name leads to a link-local address", _GUARD),
    "address-unspecified": Reason("the name leads to an unspecified address", _GUARD),
    "address-synthetic": Reason("the name leads to an address of Paddock's own block", _GUARD),
    "address-multicast": Reason("the name leads to a multicast address", _GUARD),
    "address-documentation": Reason(
        "the name leads to an address that is kept for documentation", "private = true in the rule, if that is wanted"
    ),
    "address-reserved": Reason("the name leads to a reserved address", _GUARD),
    "address-unknown": Reason("this machine's own addresses could not be read, so none is known to be safe", _UPSTREAM),
    "failed": Reason("the gateway failed at this connection", "report it with the record", 500),
}


def refusal(
    code: str, endpoint: Endpoint, *, head_only: bool = False, credential: str = "", for_git: bool = False
) -> bytes:
    """The HTTP response that says so, complete, with the connection closed after it.

    The status line has the reason too: pip, npm and many libraries print that and nothing else. git prints a body
    that is plain text, and no other (http.c, show_http_message).
    """
    reason = REASONS[code]
    text = _lines(code, endpoint) if for_git else _object(code, endpoint, credential)
    head = (
        f"HTTP/1.1 {reason.status} {_PHRASES[reason.status]} (paddock: {reason.what})\r\n"
        f"Content-Type: {'text/plain' if for_git else 'application/json'}\r\nContent-Length: {len(text)}\r\n"
        f"{REASON_HEADER}: {code}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if head_only else text)


def _object(code: str, endpoint: Endpoint, credential: str) -> bytes:
    import json

    reason = REASONS[code]
    body = {
        "error": _error(reason),
        "reason": code,
        "what": reason.what,
        "host": endpoint.name,
        "port": endpoint.port,
        "rule": endpoint.rule,
        **({"upstream": endpoint.upstream} if endpoint.upstream else {}),
        **({"credential": credential} if credential else {}),
        "remedy": reason.remedy,
        # A service may come back, and a second passes; a rule stays as it is.
        **(
            {}
            if reason.status >= 500 or reason.status == _TOO_MANY
            else {"retry": "Another guess at the same place will be refused as well."}
        ),
    }
    return json.dumps(body, indent=1).encode("ascii") + b"\n"


def _lines(code: str, endpoint: Endpoint) -> bytes:
    reason = REASONS[code]
    lines = (f"{_error(reason)}: {reason.what} ({code})", f"rule: {endpoint.rule}", f"remedy: {reason.remedy}")
    return "\n".join(lines).encode("ascii", "backslashreplace") + b"\n"


def _error(reason: Reason) -> str:
    return "refused by paddock" if reason.status < 500 else "failed behind paddock"


_TOO_MANY = 429
_PHRASES = {
    400: "Bad Request",
    403: "Forbidden",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    _TOO_MANY: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
