from __future__ import annotations

import pytest

from paddock.checking.anchors import anchor
from paddock.checking.files import File
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import FILE, json_file

TEXT = (
    '// a\n{\n  "image": "i",\n  "features": {\n    "f": {}\n  },\n  "dockerFile": "D",\n  "dockerComposeFile": "c"\n}'
)
LABEL = Place("label of i", 1, 1, 0, 9)


@pytest.mark.parametrize(
    ("source", "line", "marked"),
    [
        (Source("label", "i", ("privileged",), LABEL), 3, '"image"'),
        (Source("image", "i"), 3, '"image"'),
        (Source("feature", "f", ("mounts",)), 5, '"f"'),
        (Source("feature", "of another one"), 4, '"features"'),
        (Source("dockerfile", "D", (), Place("elsewhere", 9, 9, 9, 9)), 7, '"dockerFile"'),
        (Source("compose", "c"), 8, '"dockerComposeFile"'),
        (Source("default", ""), 2, "{"),
    ],
)
def test_what_is_said_elsewhere_is_shown_at_the_key_that_brings_it_in(source: Source, line: int, marked: str) -> None:
    file = json_file(TEXT)
    place = anchor(source, file, {FILE: file})
    assert (place.file, place.line, TEXT[place.offset : place.end]) == (FILE, line, marked)


def test_a_place_in_a_file_that_is_at_hand_stays() -> None:
    place = Place("Dockerfile", 1, 1, 0, 4)
    files = {"Dockerfile": File("Dockerfile", "dockerfile", b"FROM", "FROM")}
    assert anchor(Source("dockerfile", "Dockerfile", (), place), json_file(TEXT), files) == place


def test_without_the_key_or_a_tree_it_is_where_the_file_begins() -> None:
    assert anchor(Source("label", "i"), json_file(" {}"), {}) == Place(FILE, 1, 2, 1, 2)
    assert anchor(Source("label", "i"), File("x", "json", b"", ""), {}) == Place("x", 1, 1, 0, 0)
