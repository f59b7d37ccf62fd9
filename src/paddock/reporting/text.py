"""Text that came from inside a sandbox, or from a file that anybody may have written, made fit to be read."""

from __future__ import annotations


def visible(text: str) -> str:
    """`text` with an escape in the place of every character that does not print.

    Among these are control characters, which terminals obey; direction marks (Trojan Source, CVE-2021-42574); bytes
    that are no UTF-8, which cannot be written; and all that XML 1.0 has no place for (section 2.2).
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def in_markdown(text: str) -> str:
    """`text` with an escape before every character that Markdown, or a cell of its tables, would read as its own."""
    for character in "\\`*_<[|":
        text = text.replace(character, f"\\{character}")
    return text
