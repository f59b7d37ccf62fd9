"""Known agents, one TOML file each: what they reach, where they keep state, what they must be told.

`COMMANDS` is the tiny check on the start path: only a command named here has its profile read.
"""

from __future__ import annotations

COMMANDS = {"claude": "claude"}  # base name of the command → profile; a test compares it with the files
