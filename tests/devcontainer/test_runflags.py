"""The arguments of `run` and `build`, as the engines take them."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import runflags
from paddock.devcontainer.document import Place
from paddock.devcontainer.model import Text
from paddock.devcontainer.source import Source
from tests import capabilities


def words(*texts: str) -> tuple[Text, ...]:
    return tuple(
        Text(text, Source("file", "devcontainer.json", ("runArgs", at), Place("devcontainer.json", at + 1, 1, 0, 0)))
        for at, text in enumerate(texts)
    )


def flags(*texts: str, command: str = runflags.RUN) -> list[tuple[str, str | None]]:
    return [(flag.name, flag.value) for flag in runflags.parse(words(*texts), command).flags]


def flaws(*texts: str, command: str = runflags.RUN) -> list[tuple[str, int]]:
    return [(flaw.code, flaw.place.line) for flaw in runflags.parse(words(*texts), command).flaws]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--net", "none"], [("--network", "none")]),
        (["--net=none"], [("--network", "none")]),
        (["--pid", "host", "--ipc=host"], [("--pid", "host"), ("--ipc", "host")]),
        (["-v/h:/c"], [("--volume", "/h:/c")]),
        (["-v=/h:/c"], [("--volume", "/h:/c")]),
        (["-v", "/h:/c"], [("--volume", "/h:/c")]),
        (["--volume", "/h:/c:ro,z"], [("--volume", "/h:/c:ro,z")]),
        (["--mount=type=bind,source=/a,target=/b"], [("--mount", "type=bind,source=/a,target=/b")]),
        (["-it"], [("--interactive", None), ("--tty", None)]),
        (["-itv/h:/c", "-u0"], [("--interactive", None), ("--tty", None), ("--volume", "/h:/c"), ("--user", "0")]),
        (["-itu", "root"], [("--interactive", None), ("--tty", None), ("--user", "root")]),
        (["-i=false"], [("--interactive", "false")]),
        (["--privileged"], [("--privileged", None)]),
        (["--privileged=false"], [("--privileged", "false")]),
        (["--cap-add", "--privileged"], [("--cap-add", "--privileged")]),  # the engines take it for the value, too
        (["--name", ""], [("--name", "")]),
        (["--security-opt", "seccomp:unconfined"], [("--security-opt", "seccomp:unconfined")]),
        (["--env=A=b=c"], [("--env", "A=b=c")]),
        (["-eA=b"], [("--env", "A=b")]),
        (["--dns-opt", "use-vc"], [("--dns-option", "use-vc")]),
        (["--gpus", "all"], [("--gpus", "all")]),
        (["--runtime=runsc"], [("--runtime", "runsc")]),
    ],
)
def test_every_way_to_write_a_flag_is_read_as_the_engines_read_it(arguments, expected):
    assert flags(*arguments) == expected
    assert flaws(*arguments) == []


@pytest.mark.parametrize(
    ("arguments", "code", "at"),
    [
        (["--privileged", "--memory"], "flag-without-value", 2),
        (["--privileged=maybe"], "flag-not-boolean", 1),
        (["--init", "-X"], "unknown-flag", 2),
        (["--capdrop=ALL"], "unknown-flag", 1),
        (["--privileged", "true", "--pid=host"], "no-flag", 2),  # podman: `true` is the image
        (["--", "busybox"], "no-flag", 2),
        (["ubuntu"], "no-flag", 1),
        (["-"], "no-flag", 1),
    ],
)
def test_what_is_no_flag_is_said_at_its_place(arguments, code, at):
    assert flaws(*arguments) == [(code, at)]


def test_after_the_first_argument_that_is_no_flag_nothing_counts_any_more():
    assert flags("--privileged", "false", "--pid=host") == [("--privileged", None)]


def test_an_unknown_flag_is_kept_by_name_with_what_can_only_be_its_value():
    assert flags("--new-one", "value", "--init") == [("--new-one", "value"), ("--init", None)]
    assert flags("--new-one", "--init") == [("--new-one", None), ("--init", None)]
    assert flags("--new-one=a") == [("--new-one", "a")]
    assert flags("-Xabc") == [("-X", "abc")]


def test_a_flag_names_its_first_word_and_how_many_it_takes():
    found = runflags.parse(words("--init", "--cap-add", "SYS_PTRACE", "-it")).flags
    assert [(flag.origin.key, flag.words) for flag in found] == [
        ("runArgs[0]", 1),
        ("runArgs[1]", 2),
        ("runArgs[3]", 1),
        ("runArgs[3]", 1),
    ]


def test_build_has_flags_of_its_own():
    asked = ["--build-arg", "A=b", "--network=host", "-t", "name", "--pull", "--pull=always", "-v/h:/c", "--no-cache"]
    assert flags(*asked, command=runflags.BUILD) == [
        ("--build-arg", "A=b"),
        ("--network", "host"),
        ("--tag", "name"),
        ("--pull", None),
        ("--pull", "always"),
        ("--volume", "/h:/c"),
        ("--no-cache", None),
    ]
    assert flaws("--pull", "missing", command=runflags.BUILD) == [("no-flag", 2)]


@pytest.mark.parametrize(("value", "on"), [(None, True), ("1", True), ("T", True), ("0", False), ("False", False)])
def test_a_boolean_is_on_unless_an_engine_reads_it_as_off(value, on):
    found = runflags.parse(words("--privileged" if value is None else f"--privileged={value}")).flags
    assert [runflags.is_on(flag) for flag in found] == [on]


PIECES = st.sampled_from(["-", "--", "=", "v", "it", "volume", "privileged", "/a:/b", "ALL", "cap-add", "\0", "é", " "])


@given(st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=6))
def test_every_word_is_part_of_one_flag_or_has_a_flaw(arguments):
    """Nothing is lost and nothing read twice, whatever is written."""
    parsed = runflags.parse(words(*arguments))
    firsts = [(int(flag.origin.path[1]), flag.words) for flag in parsed.flags]
    taken = {at for first, count in firsts for at in range(first, first + count)}
    complained = [flaw.place.line - 1 for flaw in parsed.flaws]
    ended = [flaw.place.line - 1 for flaw in parsed.flaws if flaw.code == "no-flag"]
    rest = range(min(ended, default=len(arguments)), len(arguments))
    separators = {at for at, text in enumerate(arguments) if text == "--"}
    assert set(range(len(arguments))) <= taken | set(complained) | set(rest) | separators


@pytest.mark.parametrize("command", [runflags.RUN, runflags.BUILD])
def test_the_table_agrees_with_podman_about_what_takes_a_value(command):
    """Its help shows a type behind every flag that takes one."""
    capabilities.require("podman")
    said = subprocess.run(["podman", command, "--help"], capture_output=True, text=True, check=True).stdout
    shown = re.findall(r"^ +(?:-(\w), |)--([\w-]+)(?: (\S+))?(?: {2,}|$)", said.partition("Options:")[2], re.MULTILINE)
    known = runflags.table(command)
    assert len(shown) > 80
    for letter, name, kind in shown:
        takes = known.takes.get(known.alias.get(name, name))
        assert takes == ("optional" if kind.startswith('string[="true"]') else "value" if kind else "boolean"), name
        if letter:
            assert known.short[letter] == name
