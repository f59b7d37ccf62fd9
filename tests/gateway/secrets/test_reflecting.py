from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.http.requests import BadRequest
from paddock.gateway.secrets.leaks import Needle, Needles
from paddock.gateway.secrets.reflecting import Reflected

SECRET = b"sk-real-0123456789abcdef"
NEEDLES = Needles([Needle("model", "secret", SECRET)])


@given(st.binary(max_size=5000), st.integers(1, 3000))
def test_what_holds_no_secret_comes_in_as_it_is_however_it_is_cut(content: bytes, size: int) -> None:
    body, seen = gzip.compress(content), Reflected([b"gzip"], NEEDLES)
    came = b"".join(seen.feed(body[at : at + size]) for at in range(0, len(body), size))
    assert came + seen.end() == body


@given(st.integers(0, 4000), st.integers(1, 3000))
def test_of_what_holds_one_not_the_beginning_of_it_has_come(before: int, size: int) -> None:
    """The noise does not compress, so that its place in the answer is known."""
    body = gzip.compress(random.Random(before).randbytes(before) + SECRET)
    seen, came = Reflected([b"gzip"], NEEDLES), b""
    with pytest.raises(BadRequest, match="secret-incoming"):  # noqa: PT012 - somewhere in the stream
        for at in range(0, len(body), size):
            came += seen.feed(body[at : at + size])
    assert len(came) <= before


def test_what_cannot_be_read_is_said_to_be_so() -> None:
    for encodings, body in (([b"br"], b"x"), ([b"gzip", b"gzip"], b"x"), ([b"gzip"], b"plain")):
        with pytest.raises(BadRequest, match="answer-encoding"):
            Reflected(encodings, NEEDLES).feed(body)
