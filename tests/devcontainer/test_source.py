"""Where a value comes from, in words."""

from __future__ import annotations

from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source

PLACE = Place(".devcontainer.json", 4, 9, 60, 70)


def test_a_source_says_its_path_as_people_write_it() -> None:
    assert Source("file", ".devcontainer.json", ("mounts", 2, "source")).key == "mounts[2].source"
    assert Source("file", ".devcontainer.json").below("runArgs", 0).key == "runArgs[0]"
    assert Source("file", "x").key == ""


def test_a_source_says_where_it_is_also_where_there_is_no_text() -> None:
    assert Source("file", ".devcontainer.json", ("image",), PLACE).where == ".devcontainer.json:4:9"
    assert Source("image", "example.test/base:1").where == "image example.test/base:1"
    assert Source("default", "").where == "default"


def test_what_is_below_keeps_the_place_of_what_it_is_in_until_it_has_its_own() -> None:
    above = Source("label", "base", (), PLACE)
    inner = Place("label of base", 1, 2, 1, 3)
    assert above.below("init").place == PLACE
    assert above.below("init", place=inner) == Source("label", "base", ("init",), inner)
