"""Mounts: what takes effect is what counts, not what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import jsonc, mounts
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from paddock.devcontainer.model import Mount

HERE = Source("file", "x", ("mounts", 0))


def of_object(text: str) -> Mount:
    node = jsonc.parse("x", text).root
    values = {one.key: str(one.node.value) for one in node.members if one.key in mounts.PARTS}
    return mounts.of_object(node, values, HERE)


TEXTS = [
    ("type=bind,source=/a,target=/b", ("bind", "/a", "/b", False)),
    ("source=/a,target=/b,type=bind,readonly", ("bind", "/a", "/b", True)),
    ("src=/a,dst=/b,type=bind,ro", ("bind", "/a", "/b", True)),
    ("src=/a,destination=/b,type=bind,readonly=true", ("bind", "/a", "/b", True)),
    ("src=/a,dst=/b,type=bind,ro=1", ("bind", "/a", "/b", True)),
    ("src=/a,dst=/b,type=bind,readonly=false", ("bind", "/a", "/b", False)),
    ("src=/a,dst=/b,type=bind,readonly,readonly=false", ("bind", "/a", "/b", False)),
    ("source=name,target=/b", ("volume", "name", "/b", False)),
    ("target=/b", ("volume", "", "/b", False)),
    ("type=tmpfs,target=/b,tmpfs-size=64m", ("tmpfs", "", "/b", False)),
    ("TYPE=bind,Source=/a,TARGET=/b", ("bind", "/a", "/b", False)),
    ('type=bind,"source=/a,b",target=/c', ("bind", "/a,b", "/c", False)),
    ('type=bind,"source=/a""b",target=/c', ("bind", '/a"b', "/c", False)),
    ("type=bind,source=/a=b,target=/c", ("bind", "/a=b", "/c", False)),
    ("type=bind,source=/a,target=/b,target=/c", ("bind", "/a", "/c", False)),
    ("", ("volume", "", "", False)),
    ("type=bind,source=/a\nb,target=/c", ("bind", "/a", "", False)),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_a_text_is_read_as_an_engine_reads_it(text: str, expected: tuple[str, str, str, bool]) -> None:
    found = mounts.of_text(text, HERE)
    assert (found.kind, found.source, found.target, found.read_only) == expected
    assert found.asked_read_only == found.read_only
    assert found.raw == text


def test_what_else_a_text_says_is_kept() -> None:
    text = "type=bind,source=/a,target=/b,bind-propagation=shared,consistency=cached,z"
    found = mounts.of_text(text, HERE, "as written")
    assert found.options == (("bind-propagation", "shared"), ("consistency", "cached"), ("z", ""))
    assert found.raw == "as written"


def test_readonly_of_the_object_form_has_no_effect() -> None:
    for asked in ('"readonly": true', '"ro": true', '"readOnly": "true"', '"read_only": 1'):
        found = of_object(f'{{"type": "bind", "source": "/a", "target": "/b", {asked}}}')
        assert (found.read_only, found.asked_read_only) == (False, True)
        assert found.raw == "type=bind,src=/a,dst=/b"
    assert not of_object('{"type": "bind", "source": "/a", "target": "/b", "readonly": false}').asked_read_only


def test_an_object_is_joined_without_quotes_so_a_target_can_say_more() -> None:
    found = of_object('{"type": "bind", "source": "/a", "target": "/b,readonly,bind-propagation=shared"}')
    assert (found.target, found.read_only, found.options) == ("/b", True, (("bind-propagation", "shared"),))


def test_what_an_object_does_not_say_is_undefined_to_the_cli() -> None:
    assert of_object('{"type": "volume", "target": "/b"}').raw == "type=volume,dst=/b"
    assert of_object("{}").raw == "type=undefined,dst=undefined"


def test_compose_drops_all_but_source_and_target() -> None:
    bound = mounts.with_compose(mounts.of_text("type=bind,source=/a,target=/b,readonly,z", HERE))
    assert (bound.kind, bound.read_only, bound.asked_read_only, bound.options) == ("bind", False, True, ())
    held = mounts.with_compose(mounts.of_text("type=tmpfs,target=/b", HERE))
    assert (held.kind, held.source, held.target) == ("volume", "", "/b")
    assert mounts.with_compose(mounts.of_text("source=${localEnv:HOME}/x,target=/b,type=bind", HERE)).kind == "bind"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("type=bind,source=/a,target=/b,readonly", ""),
        ("target=/b", ""),
        ("type=bind,source=/a", "a mount needs a target"),
        ("type=bind,target=/b", "a bind mount needs a source"),
        ("type=bind,source=/a,target=/b,readonly=yes", "`readonly` is true or false, not `yes`"),
    ],
)
def test_what_an_engine_would_refuse_is_said(text: str, why: str) -> None:
    assert mounts.wrong(text) == why


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(FIELD, min_size=1, max_size=5))
def test_what_is_quoted_as_csv_comes_back_whole(parts: list[str]) -> None:
    line = ",".join('"' + part.replace('"', '""') + '"' for part in parts)
    assert mounts.fields(line) == tuple(parts)


@given(st.text(max_size=60))
def test_no_text_of_a_mount_is_too_odd(text: str) -> None:
    mounts.of_text(text, HERE)
    mounts.wrong(text)


@pytest.mark.parametrize(
    ("source", "kind"),
    [("${devcontainerId}-x", "volume"), ("${localWorkspaceFolder}/x", "bind"), ("/x", "bind"), ("x", "volume")],
)
def test_with_compose_a_source_that_is_no_path_is_a_volume(source: str, kind: str) -> None:
    made = mounts.of_text(f"type=bind,source={source},target=/c,readonly", Source("file", "f"))
    found = mounts.with_compose(made)
    assert (found.kind, found.read_only) == (kind, False)
