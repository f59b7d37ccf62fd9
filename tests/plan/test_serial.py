from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.plan import model, serial
from paddock.policy.model import Origin
from tests.plan.machine import allow, plan, policy

# Every text that a path or a value can hold: bytes that are not UTF-8 come as lone surrogates.
text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("\udc80\udcff"), max_size=8
)
origins = st.builds(
    Origin, st.sampled_from(["built-in", "machine", "floor", "person", "repository", "agent", "flag"]), text
)
numbers = st.integers(0, 2**53)


def listed(each: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(each, max_size=3).map(tuple)


plans = st.builds(
    model.Plan,
    command=listed(text),
    cwd=text,
    terminal=st.booleans(),
    person=st.builds(model.Person, numbers, numbers, text, text),
    environment=listed(st.builds(model.Variable, text, text, origins, st.booleans())),
    workspace=st.builds(
        model.Workspace,
        text,
        st.sampled_from(["review", "live", "readonly", "scratch"]),
        listed(st.builds(model.Mask, text, st.booleans(), origins)),
        origins,
    ),
    mounts=listed(st.builds(model.Mount, text, text, st.sampled_from(["read", "write"]), origins)),
    links=listed(st.builds(model.Link, text, text, origins)),
    files=listed(st.builds(model.File, text, text, origins)),
    private=listed(st.builds(model.Private, text, numbers, origins)),
    network=st.builds(
        model.Network,
        st.sampled_from(["off", "registries", "allow"]),
        listed(st.builds(model.Rule, text, numbers, origins, st.booleans(), text, st.booleans())),
        origins,
    ),
    limits=listed(st.builds(model.Limit, text, st.floats(0, 1e12) | numbers, origins)),
    boundary=st.builds(model.BoundaryChoice, text, text, listed(text), origins),
    syscalls=st.sampled_from(["default", "debug"]),
    agent=text,
    notes=listed(text),
    syscalls_origin=origins,
    nested=st.booleans(),
    services=listed(
        st.builds(
            model.Service,
            text,
            text,
            origins,
            st.none() | listed(text),
            st.none() | listed(text),
            listed(st.tuples(text, text)),
            text,
            text,
            listed(text),
        )
    ),
    nested_origin=origins,
    image=st.none() | st.builds(model.Image, text, origins, text),
    lifted=listed(st.builds(model.Lifted, text, origins)),
)


@given(plans)
def test_a_plan_comes_back_as_it_went(found: model.Plan) -> None:
    data = serial.as_data(found)
    assert data["schema"] == 1
    assert serial.from_data(data) == found
    assert serial.from_data(json.loads(json.dumps(data, allow_nan=False))) == found


def whole() -> dict[str, Any]:
    found = plan({}, "true", rules=policy(network_mode="allow", allow=(allow("a.test"),)))
    data: dict[str, Any] = json.loads(
        json.dumps(serial.as_data(replace(found, image=model.Image("sha", Origin("flag", "--image"), "/work"))))
    )
    return data


def paths_in(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    if isinstance(data, dict):
        found += [path for key in data for path in paths_in(data[key], (*here, key))]
    if isinstance(data, list) and data:
        found += paths_in(data[0], (*here, 0))
    return found


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


@pytest.mark.parametrize("path", [path for path in paths_in(whole()) if path != ("schema",)], ids=str)
def test_nothing_may_be_missing_be_renamed_or_have_another_type(path: tuple[Any, ...]) -> None:
    nothing = () if path == ("image",) else (None,)  # which stands for the machine's own programs
    for wrong in (*nothing, {"x": 1}, 1.5, b"") if path[-1] not in ("value", "within_s") else (None, {"x": 1}, True):
        data = whole()
        at(data, path[:-1])[path[-1]] = wrong
        with pytest.raises(PaddockError):
            serial.from_data(data)
    if isinstance(path[-1], str):
        data = whole()
        above = at(data, path[:-1])
        above[path[-1] + "x"] = above.pop(path[-1])
        with pytest.raises(PaddockError) as caught:
            serial.from_data(data)
        assert path[-1] in caught.value.why


@pytest.mark.parametrize("data", ["", [], None, {}, {"schema": 2}, {"schema": 1}])
def test_what_is_no_plan_is_an_error_that_says_so(data: object) -> None:
    with pytest.raises(PaddockError, match="not a plan of this version"):
        serial.from_data(data)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (("workspace", "mode"), "wild"),
        (("network", "mode"), "on"),
        (("syscalls",), "all"),
        (("mounts", 0, "access"), "exec"),
    ],
)
def test_a_word_of_the_future_is_not_taken_for_one_of_today(path: tuple[Any, ...], word: str) -> None:
    data = whole()
    at(data, path[:-1])[path[-1]] = word
    with pytest.raises(PaddockError) as caught:
        serial.from_data(data)
    assert word in caught.value.why


def test_a_nul_cannot_pretend_to_be_a_placeholder_of_the_hash() -> None:
    data = whole()
    data["command"] = ["\0home/x"]
    with pytest.raises(PaddockError) as caught:
        serial.from_data(data)
    assert "NUL" in caught.value.why


def test_the_table_of_shapes_is_the_model() -> None:
    for shape, fields in serial._SHAPES.items():
        assert list(fields) == list(shape.__fields__), shape  # type: ignore[attr-defined]
