"""Known agents, one TOML file each: what they reach, where they keep state, what they must be told.

`COMMANDS` is the tiny check on the start path: only a command named here has its profile read.
"""

from __future__ import annotations

# Base name of the command → profile; a test compares it with the files.
COMMANDS = {
    "claude": "claude",
    "codex": "codex",
    "copilot": "copilot",
    "gemini": "gemini",
    "opencode": "opencode",
    "pi": "pi",
}
