"""`paddock` with protections taken away: launcher.py '["NAME", …]' ARGUMENTS.

Run as a program of its own, isolated as `paddock` is; it finds this checkout by its own place.
"""

from __future__ import annotations

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{ROOT}/src", ROOT]

from tests.mutation.mutants import install  # noqa: E402


def main() -> None:
    """Put them in, and go on as `paddock`."""
    for name in json.loads(sys.argv[1]):
        install(name)
    sys.argv[1:2] = []
    from paddock.cli.main import main as paddock

    paddock()


if __name__ == "__main__":
    main()
