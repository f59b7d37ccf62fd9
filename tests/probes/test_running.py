from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.probes.planting.ground import Ground
from paddock.probes.running import Answer, Ran, read, run
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORD = "paddock-0123"
NAMES = ("FS-02 home-canary-read", "CR-21 env-canary")


def line(**data: object) -> bytes:
    return f"{WORD} {json.dumps(data)}\n".encode()


GOOD = line(id=NAMES[0], reached=[]) + line(id=NAMES[1], reached=["x"], said="") + line(end=2)


def test_answers_are_read_between_what_others_print() -> None:
    answers, trouble = read(b"a banner\n" + GOOD + b"bye", WORD, NAMES)
    assert answers == {NAMES[0]: Answer(), NAMES[1]: Answer(("x",))}
    assert trouble == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "too early"),
        (GOOD[: GOOD.rindex(WORD.encode())], "too early"),
        (line(end=1), "too early"),
        (GOOD + line(id=NAMES[0], reached=[]), "nobody asked for"),
        (GOOD + line(id="FS-00 made-up", reached=[]), "nobody asked for"),
        (GOOD + f"{WORD} nonsense\n".encode(), "damaged"),
        (GOOD + f"{WORD} []\n".encode(), "damaged"),
        (GOOD + f"{WORD} 1\n".encode(), "damaged"),
        (GOOD + line(id=NAMES[0]) + line(reached=1, id="x"), "damaged"),
        (GOOD + line(id=["x"], reached=[]), "nobody asked for"),
        (GOOD + (WORD + " " + "[" * 100_000).encode() + b"\n", "damaged"),
    ],
)
def test_damaged_missing_and_forged_answers_are_trouble(text: bytes, what: str) -> None:
    assert any(what in trouble for trouble in read(text, WORD, NAMES)[1])


def test_what_a_shell_cannot_try_is_skipped_with_that_reason() -> None:
    answers, trouble = read(line(id=NAMES[0], reached=[]) + line(end=2, by="shell"), WORD, NAMES)
    assert trouble == ()
    assert "no Python" in answers[NAMES[1]].skipped


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), max_size=8))
def test_nothing_that_is_printed_breaks_the_reading(pieces: list[bytes]) -> None:
    text = b"\n".join([WORD.encode() + b" " + piece for piece in pieces] + pieces)
    answers, trouble = read(text, WORD, NAMES)
    assert set(answers) <= set(NAMES)
    assert trouble


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with Ground(str(tmp_path / "ground")) as made:
        yield made


def under(ground: Ground, script: str, timeout_s: float = 90) -> Ran:
    """A run where the pack's place is taken by a script, or where it is started by one (`exec "$@"`)."""
    return run(ground, ("/bin/sh", "-c", script, "sh"), NAMES, timeout_s=timeout_s)


@needs("git")
def test_a_bare_run_reaches_what_was_planted(ground: Ground) -> None:
    ran = under(ground, 'exec "$@"')
    assert ran.trouble == ()
    assert all(ran.answers[name].reached for name in NAMES)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("kill -9 $$", "ended with -9"),
        ("exit 0", "too early"),
        ("exec yes", "flooded"),
        ("sleep 600 & exec sleep 600", "did not end within"),
        ("exec 2>&-; exec head -c 100000 /dev/urandom", "too early"),
        ("cat given.json; exit 3", "ended with 3"),
    ],
)
@needs("git")
def test_a_sandbox_that_kills_hangs_floods_or_lies_is_never_believed(ground: Ground, script: str, what: str) -> None:
    ran = under(ground, script, timeout_s=1 if "sleep" in script else 90)
    assert any(what in trouble for trouble in ran.trouble)
    assert ran.answers == {}


FORGER = """
import json, subprocess, sys
given = json.load(open("given.json"))
for name in given["rows"]:
    print(given["word"], json.dumps({"id": name, "reached": []}), flush=True)
subprocess.run(sys.argv[1:])
"""


@needs("git")
def test_answers_that_somebody_else_prints_as_well_are_seen(ground: Ground) -> None:
    ran = run(ground, (sys.executable, "-c", FORGER), NAMES)
    assert any("nobody asked for" in trouble for trouble in ran.trouble)


@needs("git")
def test_what_a_sandbox_complains_of_is_kept_without_our_own_words(ground: Ground) -> None:
    ran = under(ground, "echo it does not work >&2; exit 1")
    assert ran.complained == "it does not work\n"


@needs("git", "bubblewrap")
def test_without_python_a_shell_tries_what_it_can(ground: Ground) -> None:
    hidden = [word for name in ("python3", "python", "python3.11") for word in _hide(f"/usr/bin/{name}")]
    argv = ("/usr/bin/bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *hidden)
    names = (*NAMES, "FS-19 home-write-is-private", "PK-15 bpf")
    ran = run(ground, argv, names)
    assert ran.trouble == ()
    assert all(ran.answers[name].reached for name in NAMES)
    assert ran.effects["FS-19 home-write-is-private"]
    assert "no Python" in ran.answers["PK-15 bpf"].skipped


def _hide(path: str) -> list[str]:
    import os

    return ["--ro-bind", "/dev/null", os.path.realpath(path)] if os.path.exists(path) else []
