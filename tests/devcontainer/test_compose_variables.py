"""Variables in compose files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.compose_variables import dotenv, interpolate

VALUES = {"A": "1", "E": ""}


# docs.docker.com/reference/compose-file/interpolation.
@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x$A", "x1"),
        ("${A}b", "1b"),
        ("$$A", "$A"),
        ("${A:-d}${E:-d}${E-d}${N-d}${N:-d}", "1ddd"),
        ("${A:+d}${E:+d}${E+d}${N+d}", "dd"),
        ("${A:?m}${E?m}", "1"),
        ("${N:-${A}x}", "1x"),
        ("${N:-${M:-a}}", "a"),
        ("no", "no"),
    ],
)
def test_variables_are_put_in(text: str, result: str) -> None:
    found = interpolate(text, VALUES)
    assert (found.text, found.flaw) == (result, "")


@pytest.mark.parametrize("text", ["$N", "${N}", "${N:?say it}", "${N?}"])
def test_a_variable_without_value_stays_and_is_said(text: str) -> None:
    found = interpolate(text, VALUES)
    assert (found.text, found.unset) == (text, ("N",))


@pytest.mark.parametrize("text", ["${", "${A", "$-", "${-}", "${A!}", "a$"])
def test_what_is_no_form_is_a_flaw(text: str) -> None:
    assert interpolate(text, VALUES).flaw


def test_a_value_that_doubles_ends() -> None:
    values = {"A0": "x" * 1000}
    for number in range(1, 40):
        values[f"A{number}"] = interpolate(f"$A{number - 1}" * 2, values).text
    assert len(values["A39"]) <= 1 << 16


@given(st.text(alphabet="$ {}:-+?AN", max_size=24))
def test_no_text_is_too_odd(text: str) -> None:
    interpolate(text, VALUES)


@given(st.text(alphabet="ab{}: \n", max_size=24))
def test_a_text_without_dollars_stays(text: str) -> None:
    assert interpolate(text, VALUES).text == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\n# B=2\n\nexport C = 3 # no", {"A": "1", "C": "3"}),
        ("A='$B x'\nB=\"a\\nb\"", {"A": "$B x", "B": "a\nb"}),
        ("A=1\nB=${A}2\nC=$D", {"A": "1", "B": "12", "C": "$D"}),
        ("A", {"A": None}),
        ('A="x\ny"\nB=2', {"A": "x\ny", "B": "2"}),
        ("A=x#y", {"A": "x#y"}),
        ("\ufeffA=1", {"A": "1"}),
        ("1=2\n=3", {}),
        ('A="open\nB=1', {"A": "open\nB=1"}),
    ],
)
def test_files_of_variables_are_read(text: str, values: dict[str, str | None]) -> None:
    assert dotenv(text) == values
