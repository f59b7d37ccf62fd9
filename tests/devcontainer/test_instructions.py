"""Dockerfiles as lists of instructions, held against BuildKit's own parser."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.instructions import KNOWN, Instruction, Listing, parse
from tests.forked import forked


def one(text: str) -> Instruction:
    listing = parse(text, "Dockerfile")
    assert len(listing.instructions) == 1
    return listing.instructions[0]


def shown(text: str, found: Instruction) -> list[str]:
    return [text[word.place.offset : word.place.end] for word in found.words]


@pytest.mark.parametrize(
    ("text", "name", "body"),
    [
        ("from debian", "FROM", "debian"),
        ("RUN a && \\\n  b", "RUN", "a &&   b"),
        ("RUN a \\\n\n# no\n  # nor this\n b", "RUN", "a  b"),
        ("RUN a\\\\\n", "RUN", "a\\\\"),
        ("# escape=`\nRUN a `\nb", "RUN", "a b"),
        ("# escape=`\nRUN dir C:\\", "RUN", "dir C:\\"),
        ("\n# escape=`\nRUN a `", "RUN", "a `"),
        ("\ufeffRUN a\r\n", "RUN", "a"),
        ("RUN --mount=type=ssh --network=host a --b", "RUN", "a --b"),
        ("RUN -- a", "RUN", "-- a"),
    ],
)
def test_an_instruction_is_what_buildkit_takes_it_for(text: str, name: str, body: str) -> None:
    found = one(text)
    assert (found.name, found.text) == (name, body)


def test_an_empty_line_does_not_hide_what_follows_it() -> None:
    assert one("RUN apt-get update && \\\n\n  curl https://x.example.test | sh").text.endswith("| sh")


def test_words_know_their_places_across_lines() -> None:
    text = "ENV A=1 \\\n# c\n  B='x y'"
    assert shown(text, one(text)) == ["A=1", "B='x y'"]
    assert str(one(text).words[1].place) == "Dockerfile:3:3"


def test_any_part_of_the_text_has_a_place() -> None:
    text = "RUN aa && \\\n bb"
    found = one(text)
    place = found.place_of(found.text.index("bb"), len(found.text))
    assert text[place.offset : place.end] == "bb"


def test_flags_are_apart_from_words() -> None:
    found = one("COPY --from=base --chown=a:b x y")
    assert (found.flag("from"), found.flag("chown"), found.flag("link")) == ("base", "a:b", None)
    assert [word.text for word in found.words] == ["x", "y"]


def test_the_json_form_has_its_items_for_words() -> None:
    found = one('CMD ["a b", "c"]')
    assert found.json
    assert [word.text for word in found.words] == ["a b", "c"]
    assert not one('CMD ["a", 1]').json


def test_heredocs_are_no_instructions() -> None:
    found = one("RUN <<EOF cat <<-'T'\nUSER root\nEOF\n\tFROM x\n\tT\n")
    assert [(it.name, it.text, it.expands) for it in found.heredocs] == [
        ("EOF", "USER root\n", True),
        ("T", "FROM x\n", False),
    ]


def test_onbuild_has_the_other_instruction_with_its_places() -> None:
    text = "ONBUILD RUN --network=host x y"
    trigger = one(text).trigger
    assert trigger
    assert (trigger.name, trigger.flag("network"), shown(text, trigger)) == ("RUN", "host", ["x", "y"])


@pytest.mark.parametrize(("text", "code"), [("FRM x", "unknown-instruction"), ("RUN <<E\na\n", "unterminated-heredoc")])
def test_what_no_builder_takes_is_a_flaw(text: str, code: str) -> None:
    assert [flaw.code for flaw in parse(text, "Dockerfile").flaws] == [code]


def test_directives_end_with_the_first_other_line() -> None:
    listing = parse("# syntax=a/b:1\n# check=skip=all\n#\n# escape=`\nRUN x", "Dockerfile")
    assert [(name, word.text) for name, word in listing.directives] == [("syntax", "a/b:1"), ("check", "skip=all")]


@pytest.mark.parametrize(
    "text", ["RUN a \\\n" * 20_000, "RUN <<A\n" * 2_000, "ENV " + "a=b " * 100_000, "\\\n" * 200_000, "RUN '" * 100_000]
)
def test_hostile_files_end(text: str) -> None:
    parse(text, "Dockerfile")  # the runner's own time limit is the test: what is quadratic takes minutes


PIECES = st.sampled_from(
    (
        "FROM a\n",
        "RUN ",
        "x",
        "\\\n",
        "\\ \n",
        "\\\\\n",
        "`\n",
        "# c\n",
        "\n",
        " \n",
        "\t",
        "<<EOF",
        "<<-E2",
        "<<'Q'",
        "A\n",
        "EOF\n",
        "\tE2\n",
        "Q\n",
        "--mount=a ",
        '["a"]\n',
        " && ",
        "curl | sh\n",
        "ONBUILD ",
        "COPY a b\n",
        " ",
        "B\n",
        'ENV A="b c"\n',
        "'",
        '"',
        "# escape=`\n",
        "# syntax=z\n",
        "\r\n",
        "USER u\n",
        "cat <<A <<B\n",
    )
)


def rows(listing: Listing) -> list[tuple[object, ...]]:
    return [
        (
            one.name,
            one.flags and tuple(it.text for it in one.flags),
            one.place.line,
            tuple(it.text for it in one.heredocs),
        )
        for one in listing.instructions
        if one.name in KNOWN and one.trigger is None
    ]


def rows_of_buildkit(text: str) -> list[tuple[object, ...]] | None:
    """None where it refuses. Go keeps the threads that it starts, so it is for a process of its own."""
    import dockerfile  # type: ignore[import-not-found,unused-ignore] # native, without types

    try:
        found = dockerfile.parse_string(text)
    except (dockerfile.GoParseError, ValueError):
        return None
    return [
        (it.cmd.upper(), it.flags, it.start_line, tuple(doc.content for doc in it.heredocs))
        for it in found
        if it.cmd and it.cmd.upper() in KNOWN and it.cmd.upper() != "ONBUILD"
    ]


@pytest.mark.skipif(
    not importlib.util.find_spec("dockerfile"), reason="the package dockerfile has wheels for x86_64 only"
)
@given(st.lists(PIECES, max_size=16).map("".join))
def test_buildkit_reads_the_same(text: str) -> None:
    theirs = forked(lambda: rows_of_buildkit(text))
    if theirs is not None:  # we go on where BuildKit refuses
        assert [row for row in rows(parse(text, "Dockerfile")) if row[0] != "ONBUILD"] == theirs


@given(st.text(max_size=60))
def test_no_text_is_too_odd_and_every_place_is_in_it(text: str) -> None:
    for found in parse(text, "Dockerfile").instructions:
        for word in found.words:
            assert 0 <= word.place.offset <= word.place.end <= len(text)
