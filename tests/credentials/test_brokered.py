"""What enters is placeholders; what is shown is not the secret."""

from __future__ import annotations

import traceback

from paddock.credentials.brokered import Brokered, Secret, parts, variables
from paddock.plan.model import Bound, Credential
from paddock.policy.model import Origin

SECRET = "real-secret-0123456789"


def brokered(shape: str = "bearer", placeholder: str = "stand-in", names: tuple[str, ...] = ("A", "B")) -> Brokered:
    credential = Credential(
        "one", "env:A", shape, (Bound("api.example.test", 443),), names, Origin("person", "policy.toml:3")
    )
    return Brokered(credential, placeholder, Secret(SECRET))


def test_the_secret_is_used_as_text_and_shown_nowhere() -> None:
    one = brokered()
    assert f"Bearer {one.secret}" == f"Bearer {SECRET}"
    assert SECRET not in repr(one)
    assert SECRET not in repr((one, {"one": one}))
    assert SECRET not in str(one)


def test_a_traceback_that_shows_values_does_not_show_the_secret() -> None:
    def fails(one: Brokered) -> None:
        message = f"cannot use {one}"
        raise ValueError(message)

    shown = ""
    try:
        fails(brokered())
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Secret(…)" in shown
    assert SECRET not in shown


def test_every_variable_holds_the_placeholder() -> None:
    assert brokered().variables() == {"A": "stand-in", "B": "stand-in"}


def test_the_variables_of_sigv4_hold_its_parts_in_order() -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    both = brokered("sigv4", "AKIAEXAMPLE:key/with+signs", names)
    assert both.variables() == {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "key/with+signs"}
    all_three = brokered("sigv4", "ASIA:key:token", names)
    assert all_three.variables()["AWS_SESSION_TOKEN"] == "token"
    assert parts("ASIA:key:token") == ("ASIA", "key", "token")


def test_the_variables_of_all_are_joined() -> None:
    two = brokered(placeholder="other", names=("C",))
    assert variables((brokered(), two)) == {"A": "stand-in", "B": "stand-in", "C": "other"}
