"""Answers that somebody inside made up: beside the true ones, in their place, or in the place of none."""

from __future__ import annotations

from paddock.probes import running
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Scene

_NEXT = "== the next"
_NAMES = ("FS-02 home-canary-read", "CR-21 env-canary")


@scenario("LC-20 verdict-cannot-be-forged")
def forged(scene: Scene) -> Sequence[str]:
    """Each is printed by a command inside that knows how answers look, and read as those of the probes are."""
    word = scene.ground.given["word"]
    ways = _ways(word)
    lines = [line for transcript in ways.values() for line in (*transcript, _NEXT)]
    said = scene.play('printf "%s\\n" "$@"', *lines).encode()
    found = []
    for way, transcript in zip(ways, said.split(f"{_NEXT}\n".encode()), strict=False):
        answers, trouble = running.read(transcript, word, _NAMES)
        believed = [name for name in _NAMES if name in answers and not trouble]
        found += [f"believed: {way}"] if len(believed) == len(_NAMES) else []
    return found


def _ways(word: str) -> dict[str, list[str]]:
    """One answer of the two is always the attacker's own."""
    held = [_line(word, {"id": name, "reached": []}) for name in _NAMES]
    true = _line(word, {"id": _NAMES[0], "reached": ["read it"]})
    end = _line(word, {"end": len(_NAMES)})
    return {
        "a second answer": [*held, true, end],
        "an answer of a probe that was not tried": [*held, _line(word, {"id": "FS-99 other", "reached": []}), end],
        "an end that comes too early": [held[0], _line(word, {"end": 1})],
        "no end": held,
        "a line cut short": [held[0], held[1][:-3], end],
        "another's word": [_line("paddock-0", {"id": name, "reached": []}) for name in _NAMES] + [end],
        "a list that is none": [held[0], _line(word, {"id": _NAMES[1], "reached": "nothing"}), end],
    }


def _line(word: str, data: dict[str, object]) -> str:
    import json

    return f"{word} {json.dumps(data)}"
