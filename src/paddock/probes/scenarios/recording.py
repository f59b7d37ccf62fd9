"""The record of what was decided: out of reach from inside, whole, complete, and without anybody's secrets."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.probes.scenarios import gateway
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from paddock.probes.scenarios.scene import Findings, Scene

# Reads, empties and removes it by its path, and writes to whatever process has it open.
_TAMPER = """
for log in "$1"/*; do
  cat "$log" >/dev/null 2>&1 && echo "read $log"
  (: > "$log") 2>/dev/null && echo "wrote $log"
done
rm -rf "$1" 2>/dev/null
for open in /proc/[0-9]*/fd/*; do
  case $(readlink "$open" 2>/dev/null) in *.jsonl*) (echo x >> "$open") 2>/dev/null && echo "wrote $open" ;; esac
done
"""
_ROWS = ("AP-10 record-out-of-reach", "AP-10 tampering-is-noticed", "AP-11 record-complete", "AP-12 record-no-secrets")
_DENY_WINS = "AP-08 deny-wins"
# Denied after a pattern allows it, and before it is allowed itself; a third is allowed alone.
_RULES = ("--allow", "*.rules.test", "--deny", "a.rules.test", "--deny", "b.rules.test", "--allow", "b.rules.test")
_DENIED, _FREE = ("a.rules.test", "b.rules.test"), "c.rules.test"


@scenario(*_ROWS, _DENY_WINS)
def record(scene: Scene) -> Findings:
    """One session with a network, which lets one name through of those that are asked for."""
    import json

    if not scene.paddock:
        raise NotApplicable("it keeps no record that this could read")
    directory = f"{scene.ground.home}/.local/state/paddock/record"
    asked = [f"{word}.{gateway.nobodys(scene)}" for word in ("one", "two", "three")]
    names = " ".join((*asked, *_DENIED, _FREE))
    script = f"{_TAMPER}\nfor name in {names}; do getent hosts $name >/dev/null && echo found $name; done; echo ended"
    # A secret among the command's own words, as in `curl -H "Authorization: …"`; others are in the environment.
    command = ("/bin/sh", "-c", script, "sh", directory, scene.ground.secret)
    done = scene.run(*command, flags=("--net", "allow", *_RULES))
    said = done.stdout.decode(errors="replace").splitlines()
    if said[-1:] != ["ended"]:
        raise NotApplicable(f"a network is refused here: {done.stderr.decode(errors='replace').strip()[-200:]}")
    logs = [name for name in os.listdir(directory) if name.endswith(".jsonl")]
    if len(logs) != 1:
        raise PaddockError(f"there are {len(logs)} logs of one session")
    path = f"{directory}/{logs[0]}"
    with open(path, "rb") as file:
        content = file.read()
    whole = _states(scene) == ["whole"]
    found = [line.removeprefix("found ") for line in said if line.startswith("found ")]
    reached = [line for line in said[:-1] if not line.startswith("found ")]
    return {
        _DENY_WINS: [*(f"reached {name}" for name in found if name in _DENIED), *_not_found(found)],
        _ROWS[0]: [*reached, *([] if whole else ["the log is not whole after the session"])],
        _ROWS[1]: _unnoticed(scene, path, content, asked[0].encode()),
        _ROWS[2]: _missing([json.loads(line) for line in content.splitlines()], asked),
        _ROWS[3]: _secrets(scene, f"{scene.ground.home}/.local/state/paddock/record"),
    }


def _not_found(found: list[str]) -> list[str]:
    """With nothing found at all, nothing was denied either."""
    return [] if _FREE in found else [f"{_FREE} is not found, although nothing denies it"]


def _states(scene: Scene) -> list[str]:
    import json

    done = scene.call("log", "verify", "--json")
    return [log["state"] for log in json.loads(done.stdout)["logs"]]


def _unnoticed(scene: Scene, path: str, content: bytes, asked: bytes) -> list[str]:
    """The host's side is changed in each of these ways, by somebody who may; verifying must see it."""
    lines = content.splitlines(keepends=True)
    changed = content.replace(asked, asked[:-1] + b"x", 1)
    ways = {
        "a byte was changed": changed,
        "the last line was cut off": b"".join(lines[:-1]),
        "two lines were exchanged": b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
    }
    found = []
    for way, instead in ways.items():
        _put(path, instead)
        found += [] if _states(scene) == ["broken"] else [f"not noticed: {way}"]
    os.unlink(path)
    found += [] if _states(scene) == ["broken"] else ["not noticed: the log was removed"]
    _put(path, content)
    return found


def _missing(lines: list[dict[str, Any]], asked: list[str]) -> list[str]:
    """What every session's log has, and a line for each name that was asked for."""
    found = [] if [lines[0]["kind"], lines[-1]["kind"]] == ["session", "closed"] else ["it does not begin and end"]
    refused = {
        line["name"] for line in lines if line["kind"] == "dns" and line["verdict"] == "refused" and line["reason"]
    }
    found += [f"missing: {name}" for name in asked if name not in refused]
    return [*found, *([] if len({line["plan"] for line in lines}) == 1 else ["the plan is not named in every line"])]


def _secrets(scene: Scene, top: str) -> list[str]:
    found = []
    for directory, _, names in os.walk(top):
        for name in names:
            with open(f"{directory}/{name}", "rb") as file:
                content = file.read()
            found += [f"saw a secret in {name}" for secret in scene.ground.canaries if secret.encode() in content][:1]
    return found


def _put(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
