"""JSON files with comments, in every layout that a person or an editor leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

keys = st.sampled_from(["image", "mounts", "runArgs", "features", "a", "ü", "x.y/z:1", "//"])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=4), st.sampled_from(["/* no */", "a//b", '",', "]"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
objects = st.dictionaries(keys, values, max_size=4)
_SPACES = ["", "", " ", "\n", "\n  ", "\n\t", " // why\n  ", "/* c */", "\n    // [1, {\n", " /* a\n b */ ", "\r\n\r\n"]


@st.composite
def layouts(draw: Any, given: st.SearchStrategy[Any] = objects) -> str:
    """A text of a value, with anything between its tokens."""
    gap: Callable[[], str] = lambda: draw(st.sampled_from(_SPACES))  # noqa: E731
    one_way = draw(st.booleans())
    if one_way:  # as editors write it
        text = json.dumps(draw(given), indent=draw(st.sampled_from([None, 2, 4, "\t"])), ensure_ascii=False)
    else:
        text = gap() + _written(draw(given), gap, draw) + gap()
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    mark: str = draw(st.sampled_from(["", "\ufeff"]))
    return mark + text.replace("\r\n", "\n").replace("\n", ends)


def _written(value: Any, gap: Callable[[], str], draw: Any) -> str:
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    parts = (
        [f"{json.dumps(key)}{gap()}:{gap()}{_written(one, gap, draw)}" for key, one in value.items()]
        if isinstance(value, dict)
        else [_written(one, gap, draw) for one in value]
    )
    inner = ",".join(f"{gap()}{part}{gap()}" for part in parts)
    last = f",{gap()}" if parts and draw(st.booleans()) else ("" if parts else gap())
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{inner}{last}{closing}"
