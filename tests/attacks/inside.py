"""Attack the sandbox from inside and print what was reached, as one line of JSON.

Runs as `python3 -m tests.attacks.inside GIVEN.json` from a copy in the repository. What it prints is only half
of the judgement: the host looks for effects of its own (`tests/attacks/world.py`).
"""

from __future__ import annotations

import os

_AT_START = {
    name: os.readlink(f"/proc/self/fd/{name}")
    for name in os.listdir("/proc/self/fd")
    if int(name) > 2 and os.path.islink(f"/proc/self/fd/{name}")
}

import json  # noqa: E402
import sys  # noqa: E402

from tests.attacks import files, kernel, machine, network, talk  # noqa: E402, F401 - they fill the rows
from tests.attacks.effects import ROWS, Given, in_child  # noqa: E402


def attempt(name: str, given: Given) -> dict[str, object]:
    """One attack in a process of its own: one that dies of it has reached nothing."""

    def task() -> bytes:
        try:
            answer: dict[str, object] = {"breaches": ROWS[name].attack(given)}
        except OSError as error:
            answer = {"breaches": [], "said": str(error)}
        except BaseException as error:  # noqa: BLE001 - a broken attack must be told from one that was held
            answer = {"broken": f"{type(error).__name__}: {error}"}
        return json.dumps(answer).encode()

    said = in_child(task)
    answer: dict[str, object] = json.loads(said) if said else {"breaches": [], "said": "killed"}
    return answer


def main() -> None:
    with open(sys.argv[1]) as file:
        given = Given(json.load(file))
    given.data["at start"] = [
        f"{name} {target}" for name, target in _AT_START.items() if not target.startswith("/proc/")
    ]
    print(json.dumps({name: attempt(name, given) for name in given["rows"]}))


if __name__ == "__main__":
    main()
