"""Names and forms of secrets. The tokens are made up here, and open nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.facts import secret

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("TOKEN", True), ("GITHUB_TOKEN", True), ("dbPassword", True), ("PGPASSWORD", True), ("LICENSE_KEY", True),
        ("AWS_ACCESS_KEY_ID", True), ("MYSQL_PWD", True), ("apiKey", True), ("PASS", True), ("PWD", False),
        ("KEYBOARD", False), ("PUBLIC_KEY", False), ("TOKEN_FILE", False), ("PASSWORD_LENGTH", False), ("COMPASS", False),
        ("MONKEY", False), ("KEY", False), ("TOKENIZERS_PARALLELISM", False), ("PATH", False), ("", False),
    ],
)  # fmt: skip
def test_names_of_secrets(name: str, is_one: bool) -> None:
    assert secret.is_name(name) is is_one


def test_every_form_is_one_that_it_is_named_for() -> None:
    samples = {
        "a GitHub token": TOKEN, "a GitLab token": "glpat-" + "x" * 20, "an AWS access key": "AKIA" + "A2" * 8,
        "a Slack token": "xoxb-" + "1" * 24, "an Anthropic key": "sk-ant-" + "x" * 30, "an OpenAI key": "sk-proj-" + "x" * 30,
        "a Google API key": "AIza" + "x" * 35, "an npm token": "npm_" + "x" * 36, "a PyPI token": "pypi-AgEI" + "x" * 50,
        "a Stripe key": "sk_live_" + "x" * 24, "a Docker token": "dckr_pat_" + "x" * 24, "a Hugging Face token": "hf_" + "x" * 34,
        "a DigitalOcean token": "dop_v1_" + "a" * 64, "a private key": "-----BEGIN EC PRIVATE KEY-----",
        "a signed token (JWT)": f"eyJ{'a' * 12}.eyJ{'b' * 12}.{'c' * 24}",
    }  # fmt: skip
    assert samples.keys() == secret.FORMS.keys()
    for name, sample in samples.items():
        assert list(secret.forms(f"x={sample}\n")) == [(name, 2, 2 + len(sample))]


@pytest.mark.parametrize(
    "text", ["", " ", "$X", "${localEnv:X}", "true", "OFF", "8080", "/run/secrets/x", "./x", "https://x.test"]
)
def test_what_is_no_secret_itself(text: str) -> None:
    assert not secret.is_literal(text)


@pytest.mark.parametrize("text", ["hunter2", "kq8-Zt5", "1234567890"])
def test_what_may_be_one(text: str) -> None:
    assert secret.is_literal(text)


def test_the_password_of_an_address_is_found_but_no_variable() -> None:
    assert list(secret.passwords("postgres://a:b@c, mysql://a:${P}@c, https://a@c, x://:p%2F@h")) == ["b"]


@given(st.text(max_size=80))
def test_any_text_can_be_asked(text: str) -> None:
    assert secret.is_name(text) in (True, False)
    assert list(secret.passwords(text)) is not None
    assert all(0 <= start < end <= len(text) for _, start, end in secret.forms(text))


@pytest.mark.parametrize("part", ["a", "a:", "eyJ-", "a://b:", "-----BEGIN A ", "ghp_", "AKIA"])
def test_a_hostile_text_is_searched_in_one_go(part: str) -> None:
    """With a search that begins anew at each character this would take minutes, and be ended."""
    text = part * 60_000
    assert list(secret.forms(text)) == []
    assert list(secret.passwords(text)) == []
