"""Secrets in Dockerfiles."""

from __future__ import annotations

import pytest

from tests.checking.rules.test_dockerfile import made
from tests.checking.scenes import of

TOKEN = "gh" + "p_" + "0123456789abcdefghijABCDEFGHIJ012345"
FOUND = [
    ("DC701", "ENV", "ENV API_TOKEN=q8Zr41vX", "API_TOKEN=q8Zr41vX"),
    ("DC701", "the old form", "ENV API_TOKEN q8Zr41vX", "API_TOKEN"),
    ("DC701", "the second of two", 'ENV A=1 \\\n  DB_PASSWORD="q8Zr41vX"', 'DB_PASSWORD="q8Zr41vX"'),
    ("DC703", "ARG", "ARG NPM_TOKEN", "NPM_TOKEN"),
    ("DC703", "a default", "ARG NPM_TOKEN=q8Zr41vX", "NPM_TOKEN=q8Zr41vX"),
    ("DC706", "a token", f"RUN curl -H 'Authorization: {TOKEN}' https://x.example.test", TOKEN),
    ("DC706", "a here-document", f"RUN <<EOF\necho {TOKEN}\nEOF", f"echo {TOKEN}\n"),
    ("DC707", "an address", "RUN git clone https://me:q8Zr41vX@x.example.test/r", "q8Zr41vX"),
]
QUIET = [
    ("DC701", "a variable", "ENV API_TOKEN=$TOKEN"),
    ("DC701", "a path", "ENV API_TOKEN_FILE=/run/secrets/x"),
    ("DC703", "another name", "ARG VERSION=1"),
    ("DC707", "a variable", "RUN git clone https://me:${PASS}@x.example.test/r"),
]


@pytest.mark.parametrize(
    ("rule", "line", "there"), [pytest.param(row[0], *row[2:], id=f"{row[0]} {row[1]}") for row in FOUND]
)
def test_it_finds(rule: str, line: str, there: str) -> None:
    scene = made(line)
    text = dict(scene.files)[".devcontainer/Dockerfile"]
    places = [one.source.place for one in of(rule, scene)]
    assert [text[place.offset : place.end] for place in places if place] == [there]


@pytest.mark.parametrize(("rule", "line"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, line: str) -> None:
    assert not of(rule, made(line))


def test_a_password_that_everybody_knows_is_milder() -> None:
    assert [one.severity for one in of("DC701", made("ENV DB_PASSWORD=postgres"))] == ["low"]
