from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import as_data, fields, frozen, replace, values_of


@frozen
class Point:
    x: int
    y: int = 0


@frozen
class Twin:
    x: int
    y: int = 0


@frozen
class Line:
    ends: tuple[Point, ...]
    style: dict[str, str]


def test_values_may_be_given_by_position_name_or_default() -> None:
    assert values_of(Point(1)) == (1, 0)
    assert values_of(Point(y=2, x=1)) == (1, 2)
    assert values_of(Point(1, 2)) == (1, 2)


@pytest.mark.parametrize(
    ("values", "named", "said"),
    [
        ((), {}, "Point needs 'x'"),
        ((1, 2, 3), {}, "takes 2 values, not 3"),
        ((1,), {"z": 1}, "unexpected or repeated 'z'"),
        ((1,), {"x": 1}, "unexpected or repeated 'x'"),
    ],
)
def test_wrong_arguments_are_named(values: tuple[int, ...], named: dict[str, int], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Point(*values, **named)


def test_nothing_can_be_assigned_or_deleted() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="cannot assign to field 'x' of a frozen Point"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot assign to field 'other'"):
        point.other = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="cannot delete field 'x'"):
        del point.x
    assert point == Point(1)


@given(st.integers(), st.integers(), st.integers(), st.integers())
def test_equality_and_hash_are_those_of_the_values(a: int, b: int, c: int, d: int) -> None:
    assert (Point(a, b) == Point(c, d)) == ((a, b) == (c, d))
    assert hash(Point(a, b)) == hash(Point(a, b))
    assert len({Point(a, b), Point(a, b), Point(c, d)}) == len({(a, b), (c, d)})


def test_a_value_never_equals_one_of_another_class() -> None:
    assert Point(1, 2) != Twin(1, 2)  # type: ignore[comparison-overlap]
    assert Point(1, 2) != (1, 2)  # type: ignore[comparison-overlap]


def test_a_copy_differs_only_in_what_was_changed() -> None:
    point = Point(1, 2)
    assert replace(point, y=3) == Point(1, 3)
    assert point == Point(1, 2)
    with pytest.raises(TypeError, match="unexpected"):
        replace(point, z=3)


def test_the_repr_names_class_and_fields() -> None:
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
    assert fields(Point) == fields(Point(1)) == ("x", "y")


def test_matching_by_position_works() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_tree_becomes_plain_data() -> None:
    tree = Line((Point(1), Point(2, 3)), {"colour": "blue"})
    assert json.loads(json.dumps(as_data(tree))) == {
        "ends": [{"x": 1, "y": 0}, {"x": 2, "y": 3}],
        "style": {"colour": "blue"},
    }


def test_it_imports_nothing() -> None:
    """That is its reason to exist: the start path pays for nothing."""
    script = "import sys; before = set(sys.modules); import paddock.frozen; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "__future__ paddock paddock.frozen"


@frozen
class Quiet:
    secret: str

    def __repr__(self) -> str:
        return "Quiet()"


def test_a_class_may_say_itself_how_it_is_shown() -> None:
    assert repr(Quiet("s3cret")) == "Quiet()"
    assert Quiet("s3cret") == Quiet("s3cret")
