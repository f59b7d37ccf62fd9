"""Texts of a configuration without the values of secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.facts.hiding import HIDDEN, shown

TOKEN = "gh" + "p_" + "a" * 36


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("containerEnv.API_TOKEN", "q8Zr41vX", HIDDEN),
        ("compose.environment.dbPassword", "q8Zr41vX", HIDDEN),
        ("build.args.NPM_TOKEN", "q8Zr41vX", HIDDEN),
        ("containerEnv.API_TOKEN", "${localEnv:API_TOKEN}", "${localEnv:API_TOKEN}"),
        ("containerEnv.TOKEN_FILE", "/run/token", "/run/token"),
        ("containerEnv.PATH", "/a:/b", "/a:/b"),
        ("runArgs", "--env=API_TOKEN=q8Zr41vX", f"--env=API_TOKEN={HIDDEN}"),
        ("features", "registry.example.test/a/b:1 password=q8Zr41vX version=2", f"registry.example.test/a/b:1 password={HIDDEN} version=2"),
        ("postCreateCommand", "export DB_PASSWORD='q8 Zr' && make", f"export DB_PASSWORD={HIDDEN} && make"),
        ("customizations.vscode", '{"settings": {"my.api-key": "q8\'Zr", "a": 1}}', f'{{"settings": {{"my.api-key": {HIDDEN}, "a": 1}}}}'),
        ("postCreateCommand", "clone https://me:q8Zr41vX@example.test", f"clone https://me:{HIDDEN}@example.test"),
        ("name", f"what {TOKEN} is", f"what {HIDDEN} is"),
        ("runArgs", "--privileged=true", "--privileged=true"),

    ],
)  # fmt: skip
def test_values_of_secrets_are_hidden_and_nothing_else(key: str, value: str, expected: str) -> None:
    assert shown(key, value) == expected


@given(st.text(alphabet="AKEYTOKEN_=:\"' ;${}/@x", max_size=40))
def test_any_text_can_be_shown(text: str) -> None:
    once = shown("runArgs", text)
    assert shown("runArgs", once).count(HIDDEN) >= once.count(HIDDEN)
    if not set(text) & set("=:"):
        assert once == text


@pytest.mark.parametrize("part", ["a=", "TOKEN=", '"a": ', "TOKEN=a;", "TOKEN=$", "x://a:b"])
def test_a_hostile_text_is_searched_in_one_go(part: str) -> None:
    assert shown("runArgs", part * 60_000)
