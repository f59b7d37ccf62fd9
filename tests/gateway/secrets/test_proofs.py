"""What proves who asks: taken off a request, put on one, looked for in its query."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials.brokered import Brokered, Secret
from paddock.gateway.http.requests import Request
from paddock.gateway.secrets import proofs
from paddock.plan.model import Bound, Credential
from paddock.policy.model import Origin

ORIGIN = Origin("person", "policy.toml:1")


def brokered(shape: str, name: str = "one", secret: str = "real-secret", placeholder: str = "fake-secret") -> Brokered:
    credential = Credential(name, "env:KEY", shape, (Bound("a.test", 443),), ("KEY",), ORIGIN)
    return Brokered(credential, placeholder, Secret(secret))


def request(*fields: tuple[bytes, bytes], target: bytes = b"/") -> Request:
    return Request(b"GET", target, ((b"Host", b"a.test"), *fields))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("bearer", (b"Authorization", b"Bearer real-secret")),
        ("header:x-api-key", (b"x-api-key", b"real-secret")),
        ("header:X-Own", (b"x-own", b"real-secret")),
        ("basic", (b"Authorization", b"Basic " + base64.b64encode(b"x-access-token:real-secret"))),
    ],
)
def test_each_shape_has_its_header(shape: str, expected: tuple[bytes, bytes]) -> None:
    assert proofs.proof(brokered(shape), request()) == expected


@pytest.mark.parametrize("value", [b"Basic !!!", b"Basic", b"Bearer x", b"basic " + base64.b64encode(b":x")])
def test_a_user_that_cannot_be_read_is_none(value: bytes) -> None:
    found = proofs.proof(brokered("basic"), request((b"Authorization", value)))[1]
    assert base64.b64decode(found[6:]) == b"x-access-token:real-secret"


def test_of_a_request_all_that_proves_is_taken_off_and_nothing_else() -> None:
    fields = [(b"X-API-Key", b"1"), (b"AUTHORIZATION", b"2"), (b"Cookie", b"3"), (b"x-own", b"4"), (b"Accept", b"*/*")]
    bare = proofs.without(request(*fields), [brokered("header:X-Own")])
    assert bare.headers == ((b"Host", b"a.test"), (b"Accept", b"*/*"))
    assert (b"x-own", b"4") in proofs.without(request(*fields), [brokered("bearer")]).headers


@pytest.mark.parametrize(
    ("shown", "is_signed", "expected"),
    [
        ((), False, None), (("b",), False, "b"), (("a", "b"), False, "a"), (("c",), False, None),
        ((), True, "c"), (("a",), True, "c"),
    ],
)  # fmt: skip
def test_which_credential_a_request_gets(shown: tuple[str, ...], is_signed: bool, expected: str | None) -> None:
    bound = [brokered("bearer", "a"), brokered("basic", "b"), brokered("sigv4", "c")]
    found = proofs.choose(bound, shown, is_signed=is_signed)
    assert (found.credential.name if found else None) == expected


def test_the_only_one_goes_unasked() -> None:
    only = brokered("bearer")
    assert proofs.choose([only], (), is_signed=False) is only
    assert proofs.choose([only, brokered("sigv4", "c")], (), is_signed=False) is only


@pytest.mark.parametrize(
    ("target", "shape", "expected"),
    [
        (b"/", "bearer", False), (b"/?a=b", "bearer", False), (b"/access_token", "bearer", False),
        (b"/?access_token=x", "bearer", True), (b"/?a&ACCESS_TOKEN", "bearer", True), (b"/?acce%73s_token=", "bearer", True),
        (b"/?a;api-key=1", "bearer", True), (b"/?page_token=x", "bearer", False), (b"/?key=x", "bearer", False),
        (b"/?key=x", "header:X-Goog-Api-Key", True),
    ],
)  # fmt: skip
def test_proofs_in_a_query(target: bytes, shape: str, expected: bool) -> None:
    assert proofs.in_query(target, [brokered(shape)]) is expected


@given(st.binary(max_size=200))
def test_any_target_is_looked_through(target: bytes) -> None:
    proofs.in_query(target, [brokered("bearer")])


def test_what_may_come_back_of_a_signing_credential_is_its_token() -> None:
    with_token = brokered("sigv4", secret="ID:key-key-key:token-real", placeholder="ID:fake-fake-fa:token-fake")
    assert (b"token-real", b"token-fake") in proofs.echoes(with_token)
    assert not any(b"key" in old for old, _ in proofs.echoes(with_token))
    assert proofs.echoes(brokered("sigv4", secret="ID:key-key-key", placeholder="ID:fake-fake-fa")) == ()
