"""What a request can carry, and what not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials import forms
from paddock.errors import PaddockError
from paddock.plan.model import Bound, Credential
from paddock.policy.model import Origin


def credential(shape: str) -> Credential:
    bound = (Bound("api.example.test", 443),)
    return Credential("one", "command:get it", shape, bound, ("A",), Origin("person", "policy.toml:3"))


def exported(**fields: str) -> str:
    return json.dumps({"Version": 1, **fields}, indent=4)


def test_a_token_is_taken_as_it_is() -> None:
    assert forms.secret("to ken:{1}", credential("bearer")) == "to ken:{1}"


@pytest.mark.parametrize("text", ["two\nlines", "tab\there", "nul\0", " bl4nk", "bl4nk ", "\x7f", "esc\x1b"])
def test_what_no_header_carries_is_refused_unquoted(text: str) -> None:
    with pytest.raises(PaddockError, match="cannot be the credential one") as caught:
        forms.secret(text, credential("header:x-api-key"))
    assert text.strip() not in str(caught.value.as_data())
    assert "policy.toml:3" in caught.value.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AKIA1:key/+=", "AKIA1:key/+="),
        ("ASIA1:key:token", "ASIA1:key:token"),
        (exported(AccessKeyId="AKIA1", SecretAccessKey="key"), "AKIA1:key"),
        (exported(AccessKeyId="ASIA1", SecretAccessKey="key", SessionToken="tok"), "ASIA1:key:tok"),
    ],
)
def test_the_parts_of_sigv4_come_joined_or_as_the_aws_tool_exports_them(text: str, expected: str) -> None:
    assert forms.secret(text, credential("sigv4")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "AKIA1",
        "AKIA1:",
        ":key",
        "a:b:c:d",
        "a b:c",
        "{}",
        "{broken",
        "{" * 5000,
        "[" * 10,
        exported(AccessKeyId="AKIA1"),
        exported(SecretAccessKey="key"),
        exported(AccessKeyId="AKIA:1", SecretAccessKey="key", SessionToken="tok"),
        '{"AccessKeyId": 1, "SecretAccessKey": "key"}',
        "[default]\naws_access_key_id = AKIA1",
    ],
)
def test_anything_else_is_refused_for_sigv4(text: str) -> None:
    with pytest.raises(PaddockError, match="cannot be the credential one") as caught:
        forms.secret(text, credential("sigv4"))
    assert "aws configure export-credentials" in caught.value.next_step


@given(st.text(max_size=60), st.sampled_from(("bearer", "sigv4", "header:x", "basic")))
def test_any_text_is_one_line_or_refused(text: str, shape: str) -> None:
    try:
        found = forms.secret(text, credential(shape))
    except PaddockError:
        return
    assert found.isprintable()
    assert "\n" not in found
