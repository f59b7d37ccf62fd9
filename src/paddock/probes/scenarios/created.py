"""Files that hosts obey and that were not there before: made inside, and looked for outside."""

from __future__ import annotations

import os

from paddock.plan.paths import within
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paddock.probes.scenarios.scene import Findings, Scene

_HOOK = '{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "true"}]}]}}'
_NEW = (
    ".claude/settings.json", ".claude/settings.local.json", ".codex/config.toml", ".gemini/settings.json",
    ".cursor/mcp.json", ".mcp.json", "opencode.json", ".vscode/tasks.json", ".idea/workspace.xml", ".envrc",
    ".git/hooks/post-checkout",
)  # fmt: skip
# As file systems of macOS, Windows and some of Linux have it, these are the names of the list above. U+200C is dropped
# by HFS+, U+017F is an s in another case.
_SPELLED = (
    ".GIT/hooks/post-checkout", ".Claude/settings.json", ".CURSOR/mcp.json", ".Vscode/tasks.json",
    ".g\u200cit/hooks/post-checkout", ".v\u017fcode/tasks.json",
)  # fmt: skip


@scenario("FS-35 case-fold", "FS-39 deny-late-create")
def made(scene: Scene) -> Findings:
    """By the names that programs look for, and by those that only some file systems take for them.

    Counts those that are in the repository afterwards, and those that wait to be applied without a warning.
    """
    making = 'for name in "$@"; do mkdir -p "${name%/*}" 2>/dev/null; echo \'CONTENT\' > "$name"; done'
    scene.play(making.replace("CONTENT", _HOOK), *(f"./{name}" for name in (*_NEW, *_SPELLED)))
    changes = scene.ask("diff")["changes"] if scene.paddock else []
    return {
        row: [f"wrote {name}" for name in names if os.path.lexists(f"{scene.ground.repo}/{name}")]
        + [f"held {name} as harmless" for name in _unnamed(changes, names)]
        for row, names in (("FS-35 case-fold", _SPELLED), ("FS-39 deny-late-create", _NEW))
    }


def _unnamed(changes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Which of these are in a change set without a hazard, neither on themselves nor on a directory above them."""
    held = [change["path"] for change in changes]
    dangerous = [change["path"] for change in changes if change["hazards"]]
    return [
        name
        for name in names
        if any(within(name, path) for path in held) and not any(within(name, path) for path in dangerous)
    ]
