from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PaddockError
from paddock.learning.amending import amended
from paddock.learning.judging import Proposal

NEW = (
    Proposal("api.example.org", 443, 1, "low", ""),
    Proposal("github.com", 22, 1, "high", "", "whoever has an account"),
)
ENTRIES = ["api.example.org", "github.com:22"]
BODY = '    "api.example.org",\n    "github.com:22",  # whoever has an account\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f'[network]\nmode = "allow"\nallow = [\n{BODY}]\n'),
        ('[limits]\nwall = "1h"', f'[limits]\nwall = "1h"\n\n[network]\nmode = "allow"\nallow = [\n{BODY}]\n'),
        ("[network]", f'[network]\nmode = "allow"\nallow = [\n{BODY}]\n'),
        (
            '[network] # mine\n# why\nmode = "off"  # for now\n\n[limits]\n',
            f'[network] # mine\n# why\nmode = "allow"  # for now\nallow = [\n{BODY}]\n\n[limits]\n',
        ),
        (
            '[network]\nmode = "allow"\nallow = ["a.test"]\n',
            f'[network]\nmode = "allow"\nallow = ["a.test",\n{BODY}]\n',
        ),
        ("[network]\nmode = 'allow'\nallow = []\n", f"[network]\nmode = 'allow'\nallow = [\n{BODY}]\n"),
        (
            '[network]\nmode = "allow"\nallow = [\n    "a.test",  # "]" is no end\n    # nor is ]\n]\ndeny = ["b.test"]\n',
            f'[network]\nmode = "allow"\nallow = [\n    "a.test",  # "]" is no end\n    # nor is ]\n{BODY}]\ndeny = ["b.test"]\n',
        ),
        (
            '[network]\nmode = "allow"\nallow = [\n  "a.test" # last\n]\n',
            f'[network]\nmode = "allow"\nallow = [\n  "a.test", # last\n{BODY}]\n',
        ),
        (
            '[network]\nallow = [{ host = "]x.test", paths = ["/a]"] }]\nmode = "allow"\n',
            f'[network]\nallow = [{{ host = "]x.test", paths = ["/a]"] }},\n{BODY}]\nmode = "allow"\n',
        ),
    ],
)
def test_entries_are_added_and_all_else_stays(before: str, after: str) -> None:
    assert amended(before, NEW) == after


def test_lines_end_as_the_file_s_lines_do() -> None:
    made = amended('[network]\r\nmode = "allow"\r\nallow = ["a.test"]\r\n', NEW)
    assert made.count("\n") == made.count("\r\n") == 6


def test_nothing_to_add_changes_nothing() -> None:
    assert amended("[network]\nallow = [ ]", ()) == "[network]\nallow = [ ]"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'network = { mode = "allow", allow = ["a.test"] }\n',
            f'network = {{ mode = "allow", allow = ["a.test",\n{BODY}] }}\n',
        ),
        (
            'network.mode = "allow"\nnetwork.allow = []\n[limits]\n',
            f'network.mode = "allow"\nnetwork.allow = [\n{BODY}]\n[limits]\n',
        ),
    ],
)
def test_other_ways_to_write_the_same_list_are_added_to_as_well(before: str, after: str) -> None:
    assert amended(before, NEW) == after


@pytest.mark.parametrize(
    "text",
    [
        'network = { mode = "allow" }\n',
        '[network]\nmode = """off"""\n',
        '"network".mode = "off"\n',
    ],
)
def test_what_cannot_be_added_to_safely_is_said_with_what_to_write(text: str) -> None:
    with pytest.raises(PaddockError) as caught:
        amended(text, NEW)
    assert caught.value.code == "cannot-amend"
    assert '"api.example.org", "github.com:22"' in caught.value.next_step


STRINGS = st.text(st.sampled_from("]['\"#,\\ \n\u2028\x85a=é"), max_size=8)


def literal(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(
    st.lists(STRINGS, max_size=4),
    st.lists(st.sampled_from([" ", "\n", "# ] [ \" '\n", "\u2028#", "#\u2028\n", "\t"]).filter(lambda s: s != "\u2028#"), min_size=6, max_size=6),
    st.sampled_from(["", "# \u2028 \x85 first\n", 'x = """\n[network]\nallow = ["""\n']),
    st.booleans(),
)  # fmt: skip
def test_whatever_a_file_holds_it_says_the_same_and_the_new_entries(
    entries: list[str], between: list[str], first: str, ends_in_comma: bool
) -> None:
    items = "".join(f"{gap}{literal(one)}{gap}," for one, gap in zip(entries, between, strict=False))
    array = items if ends_in_comma else items.removesuffix(",")
    text = f'{first}[network]\nmode = "allow"\nallow = [{array}{between[4]}]\n# behind\n[other]\ny = 1\n'
    before = tomllib.loads(text)
    after = tomllib.loads(amended(text, NEW))
    assert after["network"].pop("allow") == [*before["network"].pop("allow"), *ENTRIES]
    assert after == before
    comments = [line for line in text.split("\n") if line.startswith("#")]
    assert all(line in amended(text, NEW) for line in comments)
