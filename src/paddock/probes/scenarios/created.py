"""Files that hosts obey and that were not there before: made inside, and looked for outside."""

from __future__ import annotations

import json
import os

from paddock.errors import PaddockError
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Scene

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


@scenario("FS-39 deny-late-create")
def late(scene: Scene) -> list[str]:
    """By the names that programs look for."""
    return _made(scene, _NEW)


@scenario("FS-35 case-fold")
def spelled(scene: Scene) -> list[str]:
    """By names that only some file systems take for those."""
    return _made(scene, _SPELLED)


def _made(scene: Scene, names: Sequence[str]) -> list[str]:
    """Those that are in the repository afterwards, and those that wait to be applied without a warning."""
    script = 'for name in "$@"; do mkdir -p "${name%/*}" 2>/dev/null; echo \'CONTENT\' > "$name"; done; echo made'
    done = scene.run("/bin/sh", "-c", script.replace("CONTENT", _HOOK), "sh", *(f"./{name}" for name in names))
    if not done.stdout.endswith(b"made\n"):
        raise PaddockError(f"the sandbox did not run it: {done.stderr.decode(errors='replace').strip()[:300]}")
    there = [f"wrote {name}" for name in names if os.path.lexists(f"{scene.ground.repo}/{name}")]
    return there or ([f"holds {name} as harmless" for name in _unnamed(scene, names)] if scene.paddock else [])


def _unnamed(scene: Scene, names: Sequence[str]) -> list[str]:
    """What the change set has of these without a hazard, on itself or on a directory above it."""
    said = scene.call("diff", "--json").stdout
    changes = json.loads(said or b"{}").get("changes", [])
    dangerous = [change["path"] for change in changes if change["hazards"]]
    held = [
        name for name in names if any(f"{name}/".startswith(f"{change['path']}/") for change in changes)
    ]  # fmt: skip
    return [name for name in held if not any(f"{name}/".startswith(f"{path}/") for path in dangerous)]
