"""What a sandbox writes as its login may be anything. What comes inside again is never one of the tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials import placeholders, tokens
from paddock.plan.profile import Issuer, Tokens

ACCESS = "sk-ant-oat01-Vq7Rt2xWm9Kc4Lz8Hb3Nf6Yd1Gs5Pj0A"
REFRESH = "sk-ant-ort01-Bz4Tn8kQe1Ws6Ux3Jm9Cv2Fh7Ra5Dy0L"
NESTED = Tokens(
    "one", ("login",), ("access",), ("refresh",), ("expires",), (("scopes",), ("account", "id")), (), (),
    Issuer("https://issuer.example.test/token", "client", "json"), (("api.example.test", 443),), (), "", (), (),
)  # fmt: skip
WHOLE = Tokens(
    "two", (), ("tokens", "access"), ("tokens", "refresh"), (), (("mode",),), (("tokens", "id"),),
    ((("last",), "2099-12-31T00:00:00Z"),), NESTED.issuer, NESTED.bound, (), "", (), (),
)  # fmt: skip


def web_token(**claims: Any) -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.{base64.urlsafe_b64encode(b'x' * 64).decode().rstrip('=')}"


def whole(**more: Any) -> dict[str, Any]:
    return {
        "login": {"access": ACCESS, "refresh": REFRESH, "expires": 1.8e12, "scopes": ["a"], "new secret": "x", **more},
        "other": {"access": "stays"},
    }


def test_tokens_are_taken_out_and_placeholders_put_in() -> None:
    login = tokens.take(whole(account={"id": 7, "key": "k"}), NESTED)
    assert login is not None
    assert (login.access, login.refresh, login.expires) == (ACCESS, REFRESH, 1.8e9)
    data: Any = tokens.put(whole(), NESTED, login.shown)
    assert data["other"] == {"access": "stays"}
    assert set(data["login"]) == {"access", "refresh", "expires", "scopes", "account"}, "nothing that is not named"
    assert (data["login"]["scopes"], data["login"]["account"]) == (["a"], {"id": 7})
    assert data["login"]["access"] == login.placeholder == tokens.access_in(data, NESTED)
    assert data["login"]["access"].startswith("sk-ant-oat01-")
    assert data["login"]["refresh"].startswith("sk-ant-ort01-")
    assert data["login"]["expires"] > 4e12
    assert tokens.without(data, NESTED) == {"other": {"access": "stays"}}


def test_a_whole_file_can_be_a_login() -> None:
    access, identity = web_token(exp=1900000000, sub="x" * 60), web_token(email="person@example.test", exp=1)
    content: dict[str, object] = {
        "mode": "m",
        "key": None,
        "last": "now",
        "tokens": {"access": access, "refresh": REFRESH, "id": identity},
    }
    login = tokens.take(content, WHOLE)
    assert login is not None
    assert login.expires == 1900000000
    data: Any = tokens.put(content, WHOLE, login.shown)
    assert (data["mode"], data["last"], "key" in data) == ("m", "2099-12-31T00:00:00Z", False)
    shown = data["tokens"]["id"]
    assert tokens.ends(shown) == placeholders.FAR_FUTURE
    assert base64.urlsafe_b64decode(shown.split(".")[1] + "==").startswith(b'{"email":"person@example.test"')
    assert shown.split(".")[2] != identity.split(".")[2], "nobody believes it"
    assert tokens.ends(data["tokens"]["access"]) == placeholders.FAR_FUTURE
    assert tokens.without(data, WHOLE) == {}


@pytest.mark.parametrize(
    "access",
    [None, 1, True, [], {}, "", "short", "a" * 20000, "with a blank in the token", "zwölf-Buchstaben-und-mehr", "a" * 30 + "\n"],
)  # fmt: skip
def test_what_is_no_token_is_no_login(access: object) -> None:
    assert tokens.take(whole(access=access), NESTED) is None


def test_a_login_without_a_refresh_token_or_time_is_one() -> None:
    login = tokens.take({"login": {"access": ACCESS}}, NESTED)
    assert login is not None
    assert (login.refresh, login.expires) == (None, 0)
    assert "refresh" not in json.loads(login.shown)


@pytest.mark.parametrize("where", ["scopes", "account"])
def test_a_secret_among_what_is_kept_does_not_come_back(where: str) -> None:
    login = tokens.take(whole(**{where: {"id": [f"x{REFRESH}"]} if where == "account" else [ACCESS]}), NESTED)
    assert login is not None
    assert ACCESS not in login.shown
    assert REFRESH not in login.shown


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"1", b"{", b"\xff\xfe", b'{"a":' * 100000, b"9" * 5000, b"[" * 200000, b" " * (1 << 21), b'"x"'],
)  # fmt: skip
def test_what_is_no_object_is_an_empty_one(content: bytes) -> None:
    assert tokens.parsed(content) == {}


@pytest.mark.parametrize("value", [1e400, -1, 10**400, "5", None, True, float("nan"), [], 0])
def test_what_is_no_time_is_none(value: object) -> None:
    assert tokens.seconds(value) == 0


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJ" + "!" * 90, web_token(exp="x"), web_token()])
def test_a_token_that_names_no_end_has_none(token: str) -> None:
    assert tokens.ends(token) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(ACCESS) | st.just(REFRESH),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["login", "access", "refresh", "expires", "scopes", "account", "id", "tokens", "mode", "last"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from([NESTED, WHOLE]))
def test_whatever_the_file_holds_no_taken_token_comes_back(found: Any, which: Tokens) -> None:
    data = found if isinstance(found, dict) else {}
    login = tokens.take(data, which)
    if login is None:
        return
    secrets = [each for each in (login.access, login.refresh) if each]
    assert not [each for each in secrets if each in login.shown]
    back = tokens.put(data, which, login.shown)
    assert tokens.access_in(tokens.parsed(tokens.written(back)), which) == login.placeholder
    assert tokens.access_in(tokens.without(back, which), which) == ""
