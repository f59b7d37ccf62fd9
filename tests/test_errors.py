from __future__ import annotations

import re

import pytest

from paddock import errors
from paddock.errors import PaddockError

CLASSES = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, PaddockError)]


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """Each line: the name, indented under its base, and its exit code in brackets or the only number."""
    assert errors.__doc__
    drawn: dict[str, tuple[str, int]] = {}
    ancestors: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"([│├└─ ]*)([A-Z]\w+)  +.*\((?:exit )?(\d+)\)$", line)
        if not found:
            continue
        depth = len(found[1]) // 4
        ancestors[depth:] = [found[2]]
        drawn[found[2]] = (ancestors[depth - 1] if depth else "Exception", int(found[3]))
    assert drawn == {cls.__name__: (cls.__bases__[0].__name__, cls.exit_code) for cls in CLASSES}


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [cls.__dict__["code"] for cls in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_json_form_says_what_why_and_next(cls: type[PaddockError]) -> None:
    error = cls("it broke", why="it was old", next_step="paddock doctor")
    assert str(error) == "it broke"
    assert error.as_data() == {
        "schema": 1,
        "error": {
            "code": cls.code,
            "what": "it broke",
            "why": "it was old",
            "next": "paddock doctor",
            "exit_code": cls.exit_code,
        },
    }


def test_one_error_may_carry_a_narrower_code_without_changing_its_class() -> None:
    assert errors.Refused("no", code="home-as-workspace").code == "home-as-workspace"
    assert errors.Refused("no").code == errors.Refused.code == "refused"
