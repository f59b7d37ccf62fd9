"""Values of a mapping, in the types that are asked for."""

from __future__ import annotations

import pytest

from paddock.devcontainer.service_part import Part
from paddock.devcontainer.source import Source
from paddock.devcontainer.yaml_document import read

TEXT = "a: x\nb: [1, {c: d}, true]\ne: {f: on}\ng: ~"
ROOT = read(TEXT, "c.yml").roots[0]
PART = Part(ROOT, Source("compose", "s", ("services", "s")), {"c.yml": "/r/sub"}, {("c.yml", TEXT.index("x")): "${X}"})


def test_texts_have_origin_and_what_was_written() -> None:
    found = PART.text("a")
    assert found
    assert (found.value, found.raw, found.origin.key, str(found.origin.place)) == (
        "x",
        "${X}",
        "services.s.a",
        "c.yml:1:4",
    )


def test_what_is_no_text_is_none() -> None:
    assert (PART.text("b"), PART.text("g"), PART.text("h")) == (None, None, None)
    assert PART.plain("h") == ""


def test_lists_give_their_scalars_and_a_scalar_is_a_list_of_one() -> None:
    assert [one.value for one in PART.texts("b")] == ["1", "true"]
    assert [one.value for one in PART.texts("a")] == ["x"]
    assert [one.origin.key for one in PART.items("b")] == ["services.s.b[0]", "services.s.b[1]", "services.s.b[2]"]


def test_switches_take_the_words_that_compose_takes() -> None:
    found = PART.below("e").switch("f")
    assert found
    assert found.value


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("./x", "/r/sub/x"),
        ("../../x", "/x"),
        ("/a", "/a"),
        ("~/a", "~/a"),
        ("$HOME/a", "$HOME/a"),
        ("C:\\a", "C:\\a"),
        ("", ""),
    ],
)
def test_relative_paths_start_from_the_folder_of_the_file(path: str, result: str) -> None:
    assert PART.path(path, ROOT) == result
