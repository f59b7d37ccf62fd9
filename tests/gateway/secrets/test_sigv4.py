"""Signatures against the vectors that AWS has published, and requests that cannot be signed anew."""

from __future__ import annotations

import hashlib

import pytest

from paddock.gateway.http.requests import BadRequest, Request
from paddock.gateway.secrets import sigv4

# "AWS Signature Version 4 test suite": all with this key, scope and time.
SUITE = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
# "Examples: Signature Calculations" and "Authenticating Requests: Using Query Parameters" of the S3 API reference.
S3 = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
FAKE = b"AKIAPLACEHOLDER"
EMPTY = hashlib.sha256(b"").hexdigest().encode()

Fields = list[tuple[bytes, bytes]]


def fake(scope: bytes, names: bytes) -> tuple[bytes, bytes]:
    """What a client sends that has signed with keys that open nothing."""
    value = b"AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (FAKE, scope, names, b"0" * 64)
    return b"Authorization", value


def request(method: bytes, target: bytes, fields: Fields) -> Request:
    return Request(method, target, tuple(fields))


def signature(asked: Request, keys: tuple[str, ...], body: bytes = b"") -> bytes:
    """The signature of the request, signed anew."""
    scope = sigv4.scope_of(asked)
    assert scope is not None
    made = sigv4.sign(sigv4.stripped(asked), scope, keys, body)
    assert FAKE not in repr(made).encode()
    text = dict(made.headers)[b"Authorization"] if not scope.presigned else made.target
    return text.rpartition(b"Signature=")[2]


# name, method, target, headers beside Host and X-Amz-Date, body, signature
VECTORS: list[tuple[str, bytes, bytes, Fields, bytes, bytes]] = [
    ("get-vanilla", b"GET", b"/", [], b"", b"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (
        "get-vanilla-query-order-key-case", b"GET", b"/?Param2=value2&Param1=value1", [], b"",
        b"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-unreserved", b"GET", b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", [], b"",
        b"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    ("get-relative", b"GET", b"/example/..", [], b"", b"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-slashes", b"GET", b"//example//", [], b"", b"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    (
        "get-slash-pointless-dot", b"GET", b"/./example", [], b"",
        b"ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    (
        "post-vanilla", b"POST", b"/", [], b"",
        b"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "post-x-www-form-urlencoded", b"POST", b"/", [(b"Content-Type", b"application/x-www-form-urlencoded")],
        b"Param1=value1", b"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "get-header-value-trim", b"GET", b"/", [(b"My-Header1", b" value1"), (b"My-Header2", b' "a   b   c"')], b"",
        b"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method", "target", "more", "body", "expected"), VECTORS, ids=[v[0] for v in VECTORS])
def test_the_published_suite(
    name: str, method: bytes, target: bytes, more: Fields, body: bytes, expected: bytes
) -> None:
    fields = [(b"Host", b"example.amazonaws.com"), (b"X-Amz-Date", b"20150830T123600Z"), *more]
    names = b";".join(sorted(field.lower() for field, _ in fields))
    asked = request(method, target, [*fields, fake(b"20150830/us-east-1/service/aws4_request", names)])
    assert signature(asked, SUITE, body) == expected


S3_SCOPE = b"20130524/us-east-1/s3/aws4_request"
S3_FIELDS = [(b"Host", b"examplebucket.s3.amazonaws.com"), (b"x-amz-date", b"20130524T000000Z")]


@pytest.mark.parametrize(
    ("method", "target", "more", "expected"),
    [
        (
            b"GET", b"/test.txt", [(b"Range", b"bytes=0-9"), (b"x-amz-content-sha256", EMPTY)],
            b"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            b"PUT", b"/test%24file.text",
            [
                (b"Date", b"Fri, 24 May 2013 00:00:00 GMT"), (b"x-amz-storage-class", b"REDUCED_REDUNDANCY"),
                (b"x-amz-content-sha256", hashlib.sha256(b"Welcome to Amazon S3.").hexdigest().encode()),
            ],
            b"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            b"GET", b"/?lifecycle", [(b"x-amz-content-sha256", EMPTY)],
            b"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            b"GET", b"/?max-keys=2&prefix=J", [(b"x-amz-content-sha256", EMPTY)],
            b"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)  # fmt: skip
def test_the_published_examples_of_s3(method: bytes, target: bytes, more: Fields, expected: bytes) -> None:
    fields = [*S3_FIELDS, *more]
    names = b";".join(sorted(field.lower() for field, _ in fields))
    assert signature(request(method, target, [*fields, fake(S3_SCOPE, names)]), S3) == expected


PRESIGNED = (
    b"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAPLACEHOLDER%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    b"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=" + b"0" * 64
)


def test_the_published_example_of_a_query() -> None:
    asked = request(b"GET", PRESIGNED, S3_FIELDS[:1])
    assert signature(asked, S3) == b"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_a_token_is_signed_and_the_clients_is_gone() -> None:
    fields = [*S3_FIELDS, (b"x-amz-content-sha256", EMPTY), (b"X-Amz-Security-Token", b"fake-token")]
    asked = request(
        b"GET", b"/", [*fields, fake(S3_SCOPE, b"host;x-amz-content-sha256;x-amz-date;x-amz-security-token")]
    )
    scope = sigv4.scope_of(asked)
    assert scope
    made = sigv4.sign(sigv4.stripped(asked), scope, (*S3, "real-token"), b"")
    tokens = [value for name, value in made.headers if name.lower() == b"x-amz-security-token"]
    assert tokens == [b"real-token"]
    assert b"x-amz-security-token" in dict(made.headers)[b"Authorization"]
    asked = request(b"GET", PRESIGNED + b"&X-Amz-Security-Token=fake-token", S3_FIELDS[:1])
    scope = sigv4.scope_of(asked)
    assert scope
    made = sigv4.sign(sigv4.stripped(asked), scope, (*S3, "real-token"), b"")
    assert b"X-Amz-Security-Token=real-token" in made.target
    assert b"fake" not in made.target


def test_a_header_that_is_gone_is_not_signed() -> None:
    asked = request(b"GET", b"/", [*S3_FIELDS, fake(S3_SCOPE, b"connection;host;x-amz-date")])
    scope = sigv4.scope_of(asked)
    assert scope
    proof = dict(sigv4.sign(sigv4.stripped(asked), scope, S3, b"").headers)[b"Authorization"]
    assert b"SignedHeaders=host;x-amz-date," in proof


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "sigv4-chunks"),
        (b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "sigv4-chunks"),
        (b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "sigv4-chunks"),
        (b"nonsense", "sigv4-form"),
        (EMPTY.upper(), "sigv4-form"),
    ],
)
def test_a_payload_that_cannot_be_signed_anew_is_refused(said: bytes, reason: str) -> None:
    fields = [*S3_FIELDS, (b"x-amz-content-sha256", said), fake(S3_SCOPE, b"host;x-amz-content-sha256;x-amz-date")]
    with pytest.raises(BadRequest) as caught:
        sigv4.needs_body(request(b"PUT", b"/x", fields))
    assert caught.value.reason == reason


@pytest.mark.parametrize("said", [b"UNSIGNED-PAYLOAD", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", EMPTY])
def test_a_payload_that_says_what_it_is_needs_no_body(said: bytes) -> None:
    fields = [
        *S3_FIELDS,
        (b"x-amz-content-sha256", said),
        (b"Content-Length", b"5"),
        fake(S3_SCOPE, b"host;x-amz-date"),
    ]
    assert not sigv4.needs_body(request(b"PUT", b"/x", fields))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([(b"Content-Length", b"5")], True),
        ([(b"Content-Length", b"0")], False),
        ([(b"Transfer-Encoding", b"chunked")], True),
        ([], False),
    ],
)
def test_a_payload_that_says_nothing_is_hashed_here(more: Fields, expected: bool) -> None:
    fields = [*S3_FIELDS, *more, fake(b"20130524/us-east-1/sts/aws4_request", b"host;x-amz-date")]
    assert sigv4.needs_body(request(b"POST", b"/", fields)) is expected


WRONG = [
    b"AWS4-ECDSA-P256-SHA256 Credential=A/20130524/s3/aws4_request, SignedHeaders=host, Signature=0",
    b"AWS4-HMAC-SHA256 Credential=A/20130524/us-east-1/s3/aws4_request, SignedHeaders=host",
    b"AWS4-HMAC-SHA256 Credential=A/20130525/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
    b"AWS4-HMAC-SHA256 Credential=A/20130524/us-east-1/s3, SignedHeaders=host, Signature=0",
    b"AWS4-HMAC-SHA256 Credential=A/20130524/us\xff/s3/aws4_request, SignedHeaders=host, Signature=0",
    b"AWS4-HMAC-SHA256 Credential=A/20130524/us-east-1/s3/aws4_request, SignedHeaders=ho:st, Signature=0",
    b"AWS4-",
]


@pytest.mark.parametrize("proof", WRONG)
def test_a_signature_of_another_form_is_refused(proof: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        sigv4.scope_of(request(b"GET", b"/", [*S3_FIELDS, (b"Authorization", proof)]))
    assert caught.value.reason == "sigv4-form"


def test_two_signatures_are_refused() -> None:
    proof = fake(S3_SCOPE, b"host;x-amz-date")
    for asked in (
        request(b"GET", b"/", [*S3_FIELDS, proof, (b"authorization", b"Bearer x")]),
        request(b"GET", PRESIGNED, [*S3_FIELDS, proof]),
        request(b"GET", PRESIGNED.replace(b"HMAC-SHA256", b"ECDSA-P256-SHA256"), S3_FIELDS),
        request(b"GET", b"/?X-Amz-Signature=0", S3_FIELDS),
    ):
        with pytest.raises(BadRequest):
            sigv4.scope_of(asked)


def test_what_is_not_signed_stays_so() -> None:
    assert (
        sigv4.scope_of(request(b"GET", b"/?a=b", [(b"Host", b"example.test"), (b"Authorization", b"Bearer x")])) is None
    )
