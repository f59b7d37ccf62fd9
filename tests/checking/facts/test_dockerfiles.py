"""The commands of RUN lines, and their places."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from paddock.checking.facts import dockerfiles
from tests.checking.scenes import Scene, read


def places(text: str) -> dict[str, str]:
    """The programs that RUN lines start, and what of the file stands at their places."""
    scene = Scene({"image": None, "build": {"dockerfile": "Dockerfile"}}, None, ((".devcontainer/Dockerfile", text),))
    with tempfile.TemporaryDirectory() as top:
        effective, _, _ = read(scene, Path(top))
    found = {}
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            place = script.source(one).place
            assert place
            found[one.program] = text[place.offset : place.end]
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM x\nRUN a 1 && \\\n  # no\n  b '2;' | c\n", {"a": "a 1", "b": "b '2;'", "c": "c"}),
        ('FROM x\nRUN ["a", "b c"]\n', {"a": 'RUN ["a", "b c"]'}),
        ("FROM x\nRUN <<EOF\na 1\nb 2\nEOF\n", {"a": "a 1", "b": "b 2"}),
        ("FROM x\nRUN bash -e <<EOF\na 1\nEOF\n", {"bash": "bash -e <<EOF", "a": "a 1"}),
        ("FROM x\nRUN cat <<EOF > f\na 1\nEOF\n", {"cat": "cat <<EOF > f"}),
        ("FROM x\nHEALTHCHECK --retries=1 CMD a 1\n", {"a": "a 1"}),
        ("FROM x\nONBUILD RUN a 1\n", {"a": "a 1"}),
        ("FROM x AS y\nRUN a\nFROM z\nRUN b\n", {"b": "b"}),
    ],
)
def test_each_command_stands_where_it_is_written(text: str, found: dict[str, str]) -> None:
    assert places(text) == found
