"""Sign a request anew for AWS: inside lie keys that open nothing, the real ones are put in here (Signature Version 4).

Source: "Create a signed AWS API request" and "Signature calculations: transferring payload in multiple chunks" of AWS's
documentation. The client's signature is never checked: it says with its scope what it is for, and is thrown away.

Of what a client may say about its payload, these are signed again: a hash, UNSIGNED-PAYLOAD, nothing (then the body is
hashed here), and STREAMING-UNSIGNED-PAYLOAD-TRAILER, whose chunks carry no signatures. Chunks that do, and Signature
Version 4A, are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import quote, unquote_to_bytes

from paddock.frozen import frozen
from paddock.gateway.http.requests import BadRequest, Request

ALGORITHM = b"AWS4-HMAC-SHA256"
UNSIGNED = b"UNSIGNED-PAYLOAD"
_STREAMING, _UNSIGNED_TRAILER = b"STREAMING-", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_DATE = re.compile(rb"[0-9]{8}T[0-9]{6}Z")
_HASH = re.compile(rb"[0-9a-f]{64}")
_SCOPE = re.compile(rb"[^/,\s]+/([0-9]{8})/([A-Za-z0-9-]{1,64})/([A-Za-z0-9-]{1,64})/aws4_request")
_PART = re.compile(rb"[,\s]*(Credential|SignedHeaders|Signature)=([^,\s]+)")
_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+)*")
_CREDENTIAL, _SIGNED_HEADERS, _SIGNATURE = b"X-Amz-Credential", b"X-Amz-SignedHeaders", b"X-Amz-Signature"
_ALGORITHM, _QUERY_DATE, _TOKEN = b"X-Amz-Algorithm", b"X-Amz-Date", b"X-Amz-Security-Token"
_DROPPED = frozenset({_CREDENTIAL, _SIGNED_HEADERS, _SIGNATURE, _ALGORITHM, _TOKEN})
# These services take a path as it is; all others normalise it and encode it once more.
_S3 = frozenset({b"s3", b"s3-outposts", b"s3-object-lambda", b"s3express"})
_EMPTY = hashlib.sha256(b"").hexdigest().encode()


@frozen
class Scope:
    """What a client's signature says that it is for."""

    stamp: bytes  # 20150830T123600Z
    region: bytes
    service: bytes
    headers: tuple[bytes, ...]  # the names that were signed
    presigned: bool  # in the query


def scope_of(request: Request) -> Scope | None:
    """What a request is signed for; None where it is not signed. Raises BadRequest for what cannot be signed anew."""
    proofs = [value for name, value in request.headers if name.lower() == b"authorization"]
    signed = [value for value in proofs if value.startswith(b"AWS4-")]
    query = dict(_query(request.target))
    if _ALGORITHM in query or _SIGNATURE in query:
        if signed:
            raise BadRequest("sigv4-form")
        return _presigned(query)
    if not signed:
        return None
    algorithm, _, rest = signed[0].partition(b" ")
    parts = {match[1]: match[2] for match in _PART.finditer(rest)}
    if len(proofs) != 1 or algorithm != ALGORITHM or len(parts) != 3:
        raise BadRequest("sigv4-form")
    return _scope(parts[b"Credential"], parts[b"SignedHeaders"], _stamp(request), presigned=False)


def _presigned(query: dict[bytes, bytes]) -> Scope:
    if query.get(_ALGORITHM) != ALGORITHM or not query.keys() >= {_CREDENTIAL, _SIGNED_HEADERS, _QUERY_DATE}:
        raise BadRequest("sigv4-form")
    return _scope(query[_CREDENTIAL], query[_SIGNED_HEADERS], query[_QUERY_DATE], presigned=True)


def _scope(credential: bytes, names: bytes, stamp: bytes, *, presigned: bool) -> Scope:
    found = _SCOPE.fullmatch(credential)
    if not found or not _DATE.fullmatch(stamp) or found[1] != stamp[:8] or not _NAMES.fullmatch(names):
        raise BadRequest("sigv4-form")
    return Scope(stamp, found[2], found[3], tuple(names.split(b";")), presigned)


def _stamp(request: Request) -> bytes:
    for wanted in (b"x-amz-date", b"date"):
        for name, value in request.headers:
            if name.lower() == wanted:
                return value
    raise BadRequest("sigv4-form")


def needs_body(request: Request) -> bool:
    """Whether the signature covers a body of which the request does not say the hash. Raises BadRequest."""
    scope = scope_of(request)
    if scope is None or _said(request) or (scope.presigned and scope.service in _S3):
        return False
    fields = {name.lower(): value for name, value in request.headers}
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip(b"0") != b""


def stripped(request: Request) -> Request:
    """The request without anything that a client has signed it with."""
    path, mark, query = request.target.partition(b"?")
    if _SIGNATURE in dict(_query(request.target)):
        kept = [part for part in query.split(b"&") if unquote_to_bytes(part.partition(b"=")[0]) not in _DROPPED]
        query = b"&".join(kept)
    proofs = (b"authorization", b"x-amz-security-token")
    headers = [field for field in request.headers if field[0].lower() not in proofs]
    return Request(request.method, path + (b"?" + query if mark and query else b""), tuple(headers))


def sign(request: Request, scope: Scope, keys: tuple[str, ...], body: bytes) -> Request:
    """Sign a stripped request with access key id, secret and perhaps session token. Raises BadRequest."""
    payload = _payload(request, scope, body)
    token = keys[2].encode() if len(keys) > 2 else b""
    day = scope.stamp[:8]
    where = b"/".join((day, scope.region, scope.service, b"aws4_request"))
    credential = keys[0].encode() + b"/" + where
    if token and not scope.presigned:
        request = Request(request.method, request.target, (*request.headers, (b"X-Amz-Security-Token", token)))
    names = _signed_names(request, scope)
    if scope.presigned:
        parameters = [(_ALGORITHM, ALGORITHM), (_CREDENTIAL, credential), (_SIGNED_HEADERS, b";".join(names))]
        parameters += [(_TOKEN, token)] if token else []
        request = Request(request.method, _with_query(request.target, parameters), request.headers)
    canonical = _canonical(request, scope, names, payload)
    text = b"\n".join((ALGORITHM, scope.stamp, where, hashlib.sha256(canonical).hexdigest().encode()))
    key = b"AWS4" + keys[1].encode()
    for part in (day, scope.region, scope.service, b"aws4_request"):
        key = hmac.digest(key, part, "sha256")
    signature = hmac.digest(key, text, "sha256").hex().encode()
    if scope.presigned:
        target = _with_query(request.target, [(_SIGNATURE, signature)])
        return Request(request.method, target, request.headers)
    proof = b"%s Credential=%s, SignedHeaders=%s, Signature=%s" % (ALGORITHM, credential, b";".join(names), signature)
    return Request(request.method, request.target, (*request.headers, (b"Authorization", proof)))


def _signed_names(request: Request, scope: Scope) -> list[bytes]:
    """What the client signed of what is still there, and all that must be."""
    present = {name.lower() for name, _ in request.headers}
    return sorted({name for name in present if name in scope.headers or name == b"host" or name.startswith(b"x-amz-")})


def _said(request: Request) -> bytes:
    """What the request says of its payload. Raises BadRequest for what cannot be signed anew."""
    said = [value for name, value in request.headers if name.lower() == b"x-amz-content-sha256"]
    if len(said) > 1:
        raise BadRequest("sigv4-form")
    if said and said[0].startswith(_STREAMING) and said[0] != _UNSIGNED_TRAILER:
        raise BadRequest("sigv4-chunks")
    if said and said[0] not in (UNSIGNED, _UNSIGNED_TRAILER) and not _HASH.fullmatch(said[0]):
        raise BadRequest("sigv4-form")
    return said[0] if said else b""


def _payload(request: Request, scope: Scope, body: bytes) -> bytes:
    said = _said(request)
    if said:
        return said
    if scope.presigned and scope.service in _S3:
        return UNSIGNED
    return hashlib.sha256(body).hexdigest().encode() if body else _EMPTY


def _canonical(request: Request, scope: Scope, names: list[bytes], payload: bytes) -> bytes:
    path = request.target.partition(b"?")[0]
    query = sorted((_encoded(name), _encoded(value)) for name, value in _query(request.target))
    fields = []
    for name in names:
        values = [b" ".join(value.split()) for given, value in request.headers if given.lower() == name]
        fields.append(name + b":" + b",".join(values) + b"\n")
    return b"\n".join(
        (
            request.method,
            _canonical_path(path, is_s3=scope.service in _S3),
            b"&".join(name + b"=" + value for name, value in query),
            b"".join(fields),
            b";".join(names),
            payload,
        )
    )


def _canonical_path(path: bytes, *, is_s3: bool) -> bytes:
    if is_s3:
        return b"/".join(_encoded(unquote_to_bytes(segment)) for segment in path.split(b"/"))
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    normal = b"/" + b"/".join(kept) + (b"/" if kept and path.endswith(b"/") else b"")
    return quote(normal, safe="/~").encode()


def _query(target: bytes) -> list[tuple[bytes, bytes]]:
    """The parameters of a target, decoded."""
    parts = (part.partition(b"=") for part in target.partition(b"?")[2].split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _with_query(target: bytes, parameters: list[tuple[bytes, bytes]]) -> bytes:
    more = b"&".join(_encoded(name) + b"=" + _encoded(value) for name, value in parameters)
    return target + (b"&" if b"?" in target else b"?") + more


def _encoded(text: bytes) -> bytes:
    return quote(text, safe="-_.~").encode()
