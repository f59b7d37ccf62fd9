"""The default policy file, written out with every key explained. Made from the table."""

from __future__ import annotations

from paddock.policy.keys import COMING, KEYS, SECTIONS, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.keys import Key

_WIDTH = 100
_REPOSITORY = """\
# The policy of this repository. Take the # away before a setting to change it; as it is, all defaults hold.
# Until you type `paddock trust`, this file can only tighten your own policy, since an agent can write it.
"""
_PERSON = """\
# Your own policy, for every repository. Take the # away before a setting to change it; as it is, all defaults hold.
# A repository's paddock.toml can tighten it, and loosen it once you trust that file.
"""
_EXAMPLE = (
    "# [credentials.github]",
    '# source = "command:gh auth token"',
    '# variables = ["GITHUB_TOKEN"]',
    '# hosts = ["api.github.com"]',
)


def default_file(*, person: bool = False) -> str:
    """The text of a new policy file: valid, and the same as having none.

    Defaults are commented out. Written out they would be decisions, over those of the layers below.
    """
    parts = [_PERSON if person else _REPOSITORY]
    for section, doc in SECTIONS.items():
        lines = [f"# {doc}", f"[{section}]"]
        for key in KEYS.values():
            if key.section == section and key.kind == "bindings":
                lines[1:] = ["", *_wrapped(_doc(key)), *_EXAMPLE]  # a section that is there and empty says "none"
            elif key.section == section:
                lines += ["", *_wrapped(_doc(key)), "#" + _line(key)]
        parts.append("\n".join(lines) + "\n")
    coming = ", ".join(name if "." in name else f"[{name}]" for name in COMING)
    parts.append("\n".join(_wrapped(f"Coming, and refused until then: {coming}.")) + "\n")
    return "\n".join(parts)


def _doc(key: Key) -> str:
    choices = f" One of: {', '.join(key.choices)}." if key.choices and key.kind == "word" else ""
    return f"{key.doc}.{choices}"


def _line(key: Key) -> str:
    if key.kind == "assignments":
        return f"{key.name} = {{}}"
    return f"{key.name} = {written(key, key.default)}"


def _wrapped(text: str) -> list[str]:
    lines = ["#"]
    for word in text.split():
        if len(lines[-1]) + len(word) >= _WIDTH:
            lines.append("#")
        lines[-1] += f" {word}"
    return lines
