"""The attacker's side as one file, which any sandbox with a shell can run: `sh PACK GIVEN.json`.

A shell script with a zip archive behind it: the shell stops reading at `exec`, and Python finds an archive from its
end. Stored and without times, so that the same sources give the same bytes.
"""

from __future__ import annotations

import os

INSIDE = os.path.join(os.path.dirname(__file__), "inside")
_PACKAGES = ("paddock", "paddock/probes")
# Read by the shell inside. Isolated (-I): nothing of the repository, and no variable, may steer the probes.
_HEAD = b"""#!/bin/sh
# Paddock's probes: a shell script in front of a zip archive of Python sources.
for python in python3 /usr/bin/python3 /usr/local/bin/python3 python; do
  found=$(command -v "$python" 2>/dev/null)
  if [ -f "$found" ] && [ -x "$found" ]; then
    exec "$python" -I -S -B "$0" "$@"
  fi
done
"""


def pack() -> bytes:
    """The file's bytes."""
    import io
    import zipfile

    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in sorted(_sources().items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    with open(f"{INSIDE}/twin.sh", "rb") as file:
        twin = file.read()
    # The offsets in an archive may count from its own beginning: readers find out (zipimport, as for self-extractors).
    return _HEAD + twin + written.getvalue()


def version(packed: bytes) -> str:
    """By which two proofs are compared: the first digits of the pack's SHA-256."""
    import hashlib

    return hashlib.sha256(packed).hexdigest()[:16]


def _sources() -> dict[str, bytes]:
    found = {f"{package}/__init__.py": b"" for package in _PACKAGES}
    for name in sorted(os.listdir(INSIDE)):
        if name.endswith(".py"):
            with open(f"{INSIDE}/{name}", "rb") as file:
                place = "__main__.py" if name == "__main__.py" else f"paddock/probes/inside/{name}"
                found[place] = file.read()
    return found
