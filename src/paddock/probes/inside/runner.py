"""Try the probes from inside and print what was reached, one line of JSON for each.

Runs as one file with nothing of Paddock beside it: `sh PACK GIVEN.json` (see `probes/pack`). What it prints is only
half of the judgement, and is not trusted: the host looks for effects of its own (`probes/planting`).
"""

from __future__ import annotations

import os

# Before anything else is imported, which may open files.
_AT_START = {}
for _name in os.listdir("/proc/self/fd"):
    if int(_name) > 2:
        try:
            _AT_START[_name] = os.readlink(f"/proc/self/fd/{_name}")
        except OSError:
            continue

import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

from paddock.probes.inside.effects import ROWS, Given, Skipped, in_child  # noqa: E402

# A probe's id begins with its layer. Only the modules of the layers that are asked for are loaded.
MODULES = {
    "FS": ("files", "masks", "mounts", "secrets", "streams", "workspace"),
    "PK": ("processes", "privileges", "kernel", "families", "machine", "programs", "mounts", "refused"),
    "NW": ("network", "direct", "names", "unix"),
    "CR": ("secrets", "processes", "environment"),
    "PE": ("files",),
    "RS": ("limits",),
    "LC": (),
    "AP": (),
    "SC": (),
    "OK": (),
}


def load(names: list[str], modules: list[str] | None = None) -> None:
    """Fill the table of probes with what these need: those of their layers, or the ones that the host names."""
    layers = sorted({name[:2] for name in names})
    for module in [module for layer in layers for module in MODULES[layer]] if modules is None else modules:
        importlib.import_module(f"paddock.probes.inside.{module}")


def attempt(name: str, given: Given) -> dict[str, object]:
    """One probe in a process of its own: one that dies of it has reached nothing."""

    def task() -> bytes:
        answer: dict[str, object]
        try:
            answer = {"reached": ROWS[name](given)}
        except OSError as error:
            answer = {"reached": [], "said": str(error)}
        except Skipped as reason:
            answer = {"skipped": str(reason)}
        except BaseException as error:  # noqa: BLE001 - a broken probe must be told from one that was held
            answer = {"broken": f"{type(error).__name__}: {error}"}
        return json.dumps(answer).encode()

    said = in_child(task)
    answer: dict[str, object] = json.loads(said) if said else {"reached": [], "said": "killed"}
    return answer


def main() -> None:
    """Try what the file names that is the first argument."""
    with open(sys.argv[1]) as file:
        given = Given(json.load(file))
    own = os.path.realpath(sys.argv[0])
    # Python has its program, the pack, open; and nothing of /proc is from outside.
    given.data["at start"] = [
        f"{name} {target}" for name, target in _AT_START.items() if target != own and not target.startswith("/proc/")
    ]
    gc.disable()  # a collection in each of hundreds of children would copy all that they share with us
    load(given["rows"], given.data.get("modules"))
    if given.data.get("facts", True):
        from paddock.probes.inside import facts

        print("\n" + given["word"], json.dumps({"facts": facts.collect(given)}), flush=True)
    for name in given["rows"]:
        answer = {"id": name, **attempt(name, given)}
        # A line of its own, whatever a probe wrote to the same place.
        print("\n" + given["word"], json.dumps(answer), flush=True)
    print("\n" + given["word"], json.dumps({"end": len(given["rows"])}), flush=True)


if __name__ == "__main__":
    main()
