"""Packages that attack: at installation, at import, and from elsewhere."""

from __future__ import annotations

import os

from paddock.probes.inside.effects import CANARY
from paddock.probes.planting.files import TAKEN
from paddock.probes.planting.service import Service
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Findings, Scene

_PATIENCE_S = 20  # of those who fetch, where nobody answers
# What worms look for, and where they write themselves to. Prints what it finds of it, by its name.
_WORM = """
for file in @FILES@; do
  cat "$1/$file" 2>/dev/null
done
env
mkdir -p "$1/.config/worm" && : > "$1/.config/worm/@NAME@"
: > "$2/@NAME@"
"""
_PACKAGE = """
mkdir -p node_modules/x lib/worm
printf '%s' "$3" > node_modules/x/postinstall.sh
printf 'import os, subprocess, sys\\nsubprocess.run(["sh", "lib/worm/run.sh", *sys.argv[1:]])\\n' > lib/worm/__init__.py
printf '%s' "$4" > lib/worm/run.sh
echo == install
(cd node_modules/x && npm_lifecycle_event=postinstall sh postinstall.sh "$1" "$2") 2>/dev/null
echo == import
PYTHONPATH=lib python3 -B -c 'import worm' "$1" "$2" 2>/dev/null
echo == end
"""


@scenario("SC-03 install-script", "SC-09 import-time")
def package(scene: Scene) -> Findings:
    """The scripts as npm and Python run them, without npm: a package in the tree, its hook and its first import."""
    home, witnesses = scene.ground.home, scene.witnesses
    worm = _WORM.replace("@FILES@", " ".join(TAKEN))
    scripts = [worm.replace("@NAME@", name) for name in ("install", "import")]
    said = scene.play(_PACKAGE, home, witnesses, *scripts)
    parts = said.split("== ")
    rows = {"install": "SC-03 install-script", "import": "SC-09 import-time"}
    found = {rows[name]: _taken(scene, part) for part in parts for name in rows if part.startswith(f"{name}\n")}
    for name, row in rows.items():
        places = (f"{home}/.config/worm/{name}", f"{witnesses}/{name}")
        found[row] = [*found[row], *(f"wrote {path}" for path in places if os.path.exists(path))]
    return found


def _taken(scene: Scene, said: str) -> list[str]:
    known = set(scene.ground.canaries)
    count = sum(1 for canary in CANARY.findall(said.encode()) if canary.decode() in known)
    return [f"read {count} secrets"] if count else []


@scenario("SC-07 source-from-elsewhere")
def elsewhere(scene: Scene) -> Sequence[str]:
    """A dependency by its address instead of its name, as `git+http://…` and links to archives are."""
    if scene.plan and scene.plan.network.mode != "off":
        raise NotApplicable("what may be reached is the network's part (NW-26), since the policy allows some")
    service = Service()
    scene.ground.undo.callback(service.close)
    script = f'timeout {_PATIENCE_S} git ls-remote "$1" & timeout {_PATIENCE_S} python3 -c "$2" "$1" & wait'
    fetch = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
    scene.play(f"({script}) >/dev/null 2>&1 </dev/null", f"http://127.0.0.1:{service.port}/package", fetch)
    return ["reached the server of the package"] if service.heard() else []
