"""The reference page of all keys, made from the table; a test holds `docs/reference/policy.md` to it."""

from __future__ import annotations

from paddock.policy.keys import COMING, COMING_WORDS, KEYS, SECTIONS, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.keys import Key

_HEAD = """\
# Policy keys

<!-- Made by paddock.policy.reference.page(); edit src/paddock/policy/keys.py instead. -->

A policy is TOML. `paddock policy init` writes one with every key explained, `paddock policy check` checks it,
`paddock policy show` prints what all files together say and which line decided, `paddock policy schema` prints the
JSON Schema for editors.
"""
_FILES = (
    (
        "`/etc/paddock/policy.toml`",
        "the machine's",
        "the floor: its values are defaults that nobody below may loosen; owned by root, writable by nobody else",
    ),
    ("`$XDG_CONFIG_HOME/paddock/policy.toml`", "yours", "decides within the floor"),
    (
        "`paddock.toml` in the repository, or `customizations.paddock` in its devcontainer.json",
        "the repository's",
        "only tightens, until you trust its exact content with `paddock trust`",
    ),
    ("flags such as `--net` and `--allow`", "yours", "decide last, within the floor"),
)
_RULES = """\
A devcontainer.json is `.devcontainer/devcontainer.json` or `.devcontainer.json`. Two files of one repository that both
hold a policy are an error.

Later layers decide over earlier ones; lists add up. A list in the floor is also the most that anybody may list, except
masks, which everybody may add to. An unknown key, a wrong type or a wrong value is an error with its line, and nothing
runs.

Sizes are written `"512MiB"`, `"1.5GB"` or as a number of bytes; units are KiB, MiB, GiB, TiB (1024) and KB, MB, GB, TB
(1000). Durations are written `"90s"`, `"30m"`, `"4h"` or `"7d"`.
"""


def page() -> str:
    """The whole page, as Markdown."""
    files = [f"| {' | '.join(row)} |" for row in _FILES]
    parts = [_HEAD, "\n".join(["| file | whose | what it can do |", "|---|---|---|", *files]) + "\n", _RULES]
    for section, doc in SECTIONS.items():
        rows = [_row(key) for key in KEYS.values() if key.section == section]
        table = "\n".join(["| key | values | default | meaning | what is looser |", "|---|---|---|---|---|", *rows])
        parts.append(f"## [{section}]\n\n{doc}\n\n{table}\n")
    parts.append(_coming())
    return "\n".join(parts)


def _row(key: Key) -> str:
    values = ", ".join(f"`{choice}`" for choice in key.choices) if key.kind == "word" else _KINDS[key.kind]
    values = f"list of {', '.join(f'`{choice}`' for choice in key.choices)}" if key.kind == "words" else values
    values = f"whole number up to {key.largest}" if key.largest else values
    default = "`{}`" if key.kind in ("assignments", "bindings") else f"`{written(key, key.default)}`"
    return f"| `{key.name}` | {values} | {default} | {key.doc} | {key.looser} |"


_KINDS = {
    "switch": "`true` or `false`",
    "words": "list of words",
    "bindings": "table `{ source, variables, hosts, shape, user, ttl }`",
    "patterns": "list of patterns",
    "paths": "list of paths, absolute or from `~/`; in a repository's file also relative to it",
    "variables": "list of names or patterns",
    "assignments": 'table of `NAME = "value"`',
    "gaps": "list of names",
    "hosts": "list of hosts and tables `{ host, port or ports, private, methods, paths, upload, raw }`",
    "denials": "list of hosts",
    "ports": "list of ports",
    "rules": "list of tables `{ pattern, family, why, severity }`; severity may be left out and is then `high`",
    "allowances": "list of `name` or `name:pattern`; the names are those of the [hazards](hazards.md)",
    "size": 'size, or `"none"`',
    "count": 'whole number, or `"none"`',
    "number": 'number, or `"none"`',
    "duration": 'duration, or `"none"`',
}


def _coming() -> str:
    words = [f'`{key} = "{word}"`' for key, known in COMING_WORDS.items() for word in known]
    names = [f"`{name}`" if "." in name else f"`[{name}]`" for name in COMING]
    listed = ", ".join([*words, *names])
    return f"## Not available yet\n\nRefused by name until they work, never ignored: {listed}.\n"
