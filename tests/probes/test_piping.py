"""The pack through a pipe."""

from __future__ import annotations

import json
import subprocess

from paddock.probes import piping
from paddock.probes.pack import pack
from paddock.probes.running import read

GIVEN = {"hashes": [], "home": "/nonexistent", "repo": "/", "numbers": {}, "word": "paddock-test", "facts": False}


def test_it_runs_from_memory_and_answers_although_its_input_never_ends(tmp_path: object) -> None:
    names = ["PK-07 no-new-privs", "FS-15 inherited-fds"]
    given = {**GIVEN, "rows": names, "modules": piping.modules(names)}
    with subprocess.Popen(
        piping.argv("/usr/bin/python3"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=str(tmp_path)
    ) as started:
        assert started.stdin
        assert started.stdout
        started.stdin.write(piping.stream(pack(), given))
        started.stdin.flush()
        said = started.stdout.read()
    answers, trouble = read(said, "paddock-test", names)
    assert trouble == ()
    assert list(answers) == names
    assert answers["FS-15 inherited-fds"].reached == (), "it does not take its own memory files for somebody else's"


def test_only_the_modules_with_these_probes_are_loaded() -> None:
    assert piping.modules(["PK-07 no-new-privs", "CR-21 env-canary"]) == ["environment", "privileges"]
    assert piping.modules([]) == []


def test_the_stream_says_how_long_its_parts_are() -> None:
    head, _, rest = piping.stream(b"pack\n", {"a": "é"}).partition(b"\n")
    first, second = map(int, head.split())
    assert rest[:first] == b"pack\n"
    assert json.loads(rest[first : first + second]) == {"a": "é"}
    assert len(rest) == first + second
