"""Agents of npm at work: how each is started, how a model speaks to its tools, and a task for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.conftest import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Step = dict[str, Any]
KEY = "sk-proj-Vq7Rt2xWm9Kc4Lz8Hb3Nf6Yd1Gs5Pj0A"  # made up here; what must never be inside
IDENTITY = "-c user.name=Agent -c user.email=agent@example.test"  # Gemini CLI keeps all configuration from git
WRONG, RIGHT = "return a - b", "return a + b"
TESTS = """\
import unittest
from calc import add
class Test(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)
"""


@dataclass(frozen=True)
class Agent:
    """How an agent is started, and how a model speaks to its tools."""

    command: tuple[str, ...]
    base_url: tuple[str, str]  # the variable, and what comes after the address in it
    key: str
    inside: str  # the variable that holds the placeholder
    header: tuple[str, str]  # in which the real key must arrive
    shell: Callable[[str], Step]
    look: Callable[[str], Step]
    edit: Callable[[str], Step]
    settings: tuple[tuple[str, str], ...] = ()
    curious: bool = False  # it looks for packages by itself


def _calls(tool: str, **arguments: str) -> Callable[[str], Step]:
    """A tool whose one free argument is named "…"."""

    def make(free: str) -> Step:
        return {"tool": tool, "input": {name: free if value == "…" else value for name, value in arguments.items()}}

    return make


def _codex_shell(command: str) -> Step:
    call = f"await tools.exec_command({{cmd: {json.dumps(command)}, yield_time_ms: 60000}})"
    return {"tool": "exec", "input": f"text({call});"}


def _codex_edit(path: str) -> Step:
    patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-    {WRONG}\n+    {RIGHT}\n*** End Patch\n"
    return {"tool": "exec", "input": f"text(await tools.apply_patch({json.dumps(patch)}));"}


def _pi_edit(path: str) -> Step:
    return {"tool": "edit", "input": {"path": path, "edits": [{"oldText": WRONG, "newText": RIGHT}]}}


AGENTS = {
    "claude": Agent(
        ("claude", "-p", "go"),
        ("ANTHROPIC_BASE_URL", ""),
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        ("x-api-key", KEY),
        _calls("Bash", command="…", description="a step"),
        _calls("Read", file_path="…"),
        _calls("Edit", file_path="…", old_string=WRONG, new_string=RIGHT),
    ),
    "codex": Agent(
        ("codex", "exec", "go"),
        ("OPENAI_BASE_URL", "/v1"),
        "OPENAI_API_KEY",
        "OPENAI_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _codex_shell,
        lambda path: _codex_shell(f"cat '{path}'"),
        _codex_edit,
    ),
    "opencode": Agent(
        ("opencode", "run", "-m", "anthropic/claude-sonnet-4-5", "go"),
        ("ANTHROPIC_BASE_URL", "/v1"),
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_API_KEY",
        ("x-api-key", KEY),
        _calls("bash", command="…", description="a step"),
        _calls("read", filePath="…"),
        _calls("edit", filePath="…", oldString=WRONG, newString=RIGHT),
        curious=True,
    ),
    "pi": Agent(
        ("pi", "--model", "openai/gpt-5.4", "-p", "go"),
        ("OPENAI_BASE_URL", "/v1"),
        "OPENAI_API_KEY",
        "OPENAI_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _calls("bash", command="…"),
        _calls("read", path="…"),
        _pi_edit,
    ),
    "gemini": Agent(
        ("gemini", "-m", "gemini-2.5-flash", "-p", "go"),
        ("GOOGLE_GEMINI_BASE_URL", ""),
        "GEMINI_API_KEY",
        "GEMINI_API_KEY",
        ("x-goog-api-key", KEY),
        _calls("run_shell_command", command="…", description="a step"),
        _calls("read_file", file_path="…"),
        _calls("replace", file_path="…", old_string=WRONG, new_string=RIGHT, instruction="fix the sum"),
    ),
    "copilot": Agent(
        ("copilot", "-p", "go"),
        ("COPILOT_PROVIDER_BASE_URL", "/v1"),
        "COPILOT_PROVIDER_API_KEY",
        "COPILOT_PROVIDER_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _calls("bash", command="…", description="a step"),
        _calls("view", path="…"),
        _calls("bash", command=f"sed -i 's/{WRONG}/{RIGHT}/' calc.py", description="…"),
        (("COPILOT_MODEL", "gpt-5.4"),),
    ),
}


def at_home(person: Person, agents_home: Path, name: str, address: str, **more: str) -> Person:
    """Somebody with a key and a base URL, who has an agent on their PATH."""
    agent = AGENTS[name]
    variable, tail = agent.base_url
    path = f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
    own = {"PATH": path, variable: address + tail, agent.key: KEY, **dict(agent.settings), **more}
    return Person(person.home, {**person.extra, **own})
