"""Builds: where each part of one is written."""

from __future__ import annotations

from paddock.devcontainer import builds, jsonc
from paddock.devcontainer.typed import Typed


def test_each_part_says_where_it_is_written() -> None:
    typed = Typed("file", "x", str)
    text = '{"build": {"dockerfile": "D", "args": {"A": "1", "B": null}, "cacheFrom": ["c", "d"], "options": ["-q"]}}'
    found = builds.read(jsonc.parse("x", text).root, typed)
    assert found is not None
    assert found.dockerfile is not None
    assert found.dockerfile.origin.key == "build.dockerfile"
    assert [(one.name, one.value, one.origin.key) for one in found.args] == [
        ("A", "1", "build.args.A"),
        ("B", "null", "build.args.B"),
    ]
    assert [one.origin.key for one in (*found.cache_from, *found.options)] == [
        "build.cacheFrom[0]",
        "build.cacheFrom[1]",
        "build.options[0]",
    ]


def test_what_an_older_key_hides_is_said() -> None:
    typed = Typed("file", "x", str)
    builds.read(jsonc.parse("x", '{"dockerFile": "D", "build": {"context": "x"}}').root, typed)
    assert [flaw.message for flaw in typed.flaws] == [
        "`dockerFile` is there, so `build.context` does not count",
        "`dockerFile` is the older form of `build.dockerfile`",
    ]


def test_a_build_that_is_no_object_is_none() -> None:
    typed = Typed("file", "x", str)
    assert builds.read(jsonc.parse("x", '{"build": "."}').root, typed) is None
    assert [flaw.message for flaw in typed.flaws] == ["`build` is an object, not a string"]
