"""Run the pack on a ground, under any sandbox, and collect what it says and what the host saw.

Nothing that comes from inside is trusted: lines that do not parse, come twice or were not asked for are trouble, a
missing one is no answer, and neither is ever taken for "held".
"""

from __future__ import annotations

import os
import socket
import time

from paddock import process
from paddock.frozen import frozen
from paddock.probes.pack import pack
from paddock.probes.planting import agent, files, sockets, streams, victim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from paddock.probes.planting.ground import Ground

_LARGEST_BYTES = 4 << 20  # of the pack's answers, which are some 50 KiB
_UNTOUCHED = "FS-40 lower-layer-untouched"
_UNABLE = "there is no Python inside, and a shell alone cannot try it"
_LONGEST_TEXT = 400
_MOST_FACTS, _LONGEST_NAME, _LONGEST_FACT = 40, 40, 200
_NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup")


@frozen
class Answer:
    """What the attacker said of one probe: what it reached, or why it could not try."""

    reached: tuple[str, ...] = ()
    said: str = ""
    skipped: str = ""
    broken: str = ""
    inapplicable: str = ""  # why the question makes no sense here; of scenarios alone


@frozen
class Ran:
    """A run of the pack. `effects` are the host's own observations, by probe; `trouble` is what was wrong with it."""

    answers: Mapping[str, Answer]
    effects: Mapping[str, tuple[str, ...]]
    status: int | None
    complained: str
    trouble: tuple[str, ...]
    facts: Mapping[str, str] = {}  # what the attacker says of its place; for people, not for verdicts


def run(ground: Ground, argv: Sequence[str], names: Sequence[str], *, timeout_s: float = 60) -> Ran:
    """Attack under `argv`, which is what a sandbox's command line is before the command; empty for none."""
    import json

    own = streams.Streams(ground)
    told = _told(ground, names)
    for name, content in (
        ("probes", pack()),
        ("given.json", json.dumps(told).encode()),
        ("given.txt", "".join(f"{key}\t{value}\n" for key, value in _for_a_shell(told)).encode()),
    ):
        with open(f"{ground.repo}/{name}", "wb") as file:
            file.write(content)
    before = files.fingerprint(ground.repo)
    pair = socket.socketpair()
    leaked = [os.open(ground.home, os.O_RDONLY), os.open(f"{ground.home}/.netrc", os.O_RDONLY), pair[0].detach()]
    try:
        started = process.start(
            (*argv, "/bin/sh", "probes", "given.json"),
            environment=ground.environ,
            cwd=ground.repo,
            streams=(own.input[0], own.written, own.errors[1]),
            passed=leaked,
        )
    finally:
        pair[1].close()
        for descriptor in leaked:
            os.close(descriptor)
    status, trouble = _attend(started, own, timeout_s)
    effects: dict[str, tuple[str, ...]] = {}
    for name, what in (*own.effects(), *_effects(ground)):
        effects[name] = (*effects.get(name, ()), what)
    answers, damage = read(own.text(), ground.given["word"], names)
    if files.fingerprint(ground.repo) != before:
        effects[_UNTOUCHED] = ("the repository on disk has changed",)
    return Ran(answers, effects, status, own.said(), (*trouble, *damage), read_facts(own.text(), ground.given["word"]))


def read(text: bytes, word: str, names: Sequence[str]) -> tuple[dict[str, Answer], tuple[str, ...]]:
    """The answers in what came out, and what is wrong with them. Pure; a line without our word is somebody else's."""
    import json

    answers: dict[str, Answer] = {}
    trouble: list[str] = []
    ended: object = None
    unable = ""
    for line in text.split(b"\n"):
        if not line.startswith(word.encode() + b" "):
            continue
        try:
            data = json.loads(line[len(word) + 1 :])
            if "facts" in data:
                continue
            if "end" in data:
                ended = data["end"]
                unable = _UNABLE if data.get("by") == "shell" else ""
                continue
            name, answer = data["id"], _answer(data)
        except (ValueError, TypeError, KeyError, RecursionError):
            trouble.append("a line of the answers is damaged")
            continue
        if name not in names or name in answers:
            trouble.append(f"an answer that nobody asked for: {str(name)[:80]}")
            continue
        answers[name] = answer
    if ended != len(names):
        trouble.append("the answers end too early")
    if unable:
        answers |= {name: Answer(skipped=unable) for name in names if name not in answers}
    return answers, tuple(dict.fromkeys(trouble))


def read_facts(text: bytes, word: str) -> dict[str, str]:
    """What the attacker found out about its place: the first such line, and of it short texts alone. Pure."""
    import json

    for line in text.split(b"\n"):
        if line.startswith(word.encode() + b' {"facts"'):
            try:
                found = json.loads(line[len(word) + 1 :])["facts"]
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                pairs = ((name[:_LONGEST_NAME], str(value)[:_LONGEST_FACT]) for name, value in found.items())
                return dict(sorted(pairs)[:_MOST_FACTS])
    return {}


def _answer(data: Mapping[str, object]) -> Answer:
    reached = data.get("reached", [])
    if not isinstance(reached, list):
        raise TypeError
    texts = [str(data.get(name, ""))[:_LONGEST_TEXT] for name in ("said", "skipped", "broken")]
    return Answer(tuple(str(what)[:_LONGEST_TEXT] for what in reached[:20]), *texts)


def _told(ground: Ground, names: Sequence[str]) -> dict[str, Any]:
    namespaces = {name: os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES}
    return {**ground.tell(), "rows": list(names), "namespaces": namespaces}


def _for_a_shell(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the pack's shell script reads, where there is no Python (`inside/twin.sh`)."""
    for name in ("word", "home", "repo"):
        yield name, told[name]
    for name in told["hashes"]:
        yield "hash", name
    for name, path in files.secrets(told).items():
        yield f"file {name}", path
    for name in told["rows"]:
        yield "row", name


def _attend(started: process.Started, own: streams.Streams, timeout_s: float) -> tuple[int | None, tuple[str, ...]]:
    """Wait for the end, within bounds of time and output."""
    deadline = time.monotonic() + timeout_s
    while (status := started.wait(0.05)) is None:
        if os.stat(own.output).st_size > _LARGEST_BYTES:
            started.end(0)
            return None, ("it flooded its output and was ended",)
        if time.monotonic() > deadline:
            started.end(0)
            return None, (f"it did not end within {timeout_s:g} s and was killed",)
    return status, (() if status == 0 else (f"it ended with {status}",))


def _effects(ground: Ground) -> Iterator[tuple[str, str]]:
    for area in (files, agent, sockets, victim):
        yield from area.effects(ground)
