"""What is known of published Features without asking their registry: `known_features.toml`."""

from __future__ import annotations

import os
import re

from paddock.devcontainer.typed import as_text
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paddock.devcontainer.references import Reference

    Scalar = str | int | float | bool | None
    Version = tuple[int, ...]

FILE = os.path.join(os.path.dirname(__file__), "known_features.toml")
ANY = "*"
_NUMBERS = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?")
_PAST_ALL = 1 << 60

_table: dict[str, Row] = {}


@frozen
class Effect:
    """What a Feature brings that its metadata does not say. An `option` with one of `values` takes it away."""

    name: str  # sudo, remote-access, default-password, hook-downloads
    why: str
    since: Version
    option: str
    values: tuple[str, ...]

    def takes_place(self, options: Mapping[str, Scalar]) -> bool:
        """Whether it does with these options. Switches are compared as JSON writes them."""
        if self.option not in options:
            return True
        said = as_text(options[self.option])
        return not (ANY in self.values or said in self.values)


@frozen
class Row:
    """One Feature in all its versions: `since` has the metadata from a version on, oldest first."""

    id: str
    seen: Version
    date: str
    installs_after: tuple[str, ...]
    legacy_ids: tuple[str, ...]
    effects: tuple[Effect, ...]
    since: tuple[tuple[Version, str], ...]


@frozen
class Known:
    """A Feature as it is known in the version that is asked for.

    `metadata` is the text of a devcontainer-feature.json, `installs_after` has paths without a host. `newer`: the
    version is newer than all that were read, which the newest of them stands for.
    """

    id: str
    date: str
    metadata: str
    installs_after: tuple[str, ...]
    legacy_ids: tuple[str, ...]
    effects: tuple[Effect, ...]
    newer: bool


def look_up(reference: Reference, version: str = "") -> Known | None:
    """What is known of a Feature, of `version` where a lock file says it, else of the newest one that its tag allows.

    None for what is not in the table. Where there is only a digest, the newest version stands for it.
    """
    row = table().get(reference.path) if reference.kind in ("registry", "short") else None
    if row is None:
        return None
    wanted = ceiling(version or reference.tag)
    metadata = next((text for since, text in reversed(row.since) if since <= wanted), "{}")
    effects = tuple(effect for effect in row.effects if effect.since <= wanted)
    newer = _PAST_ALL not in wanted[:1] and wanted[: _said(wanted)] > row.seen[: _said(wanted)]
    return Known(row.id, row.date, metadata, row.installs_after, row.legacy_ids, effects, newer)


def ceiling(tag: str) -> Version:
    """The highest version that a tag allows: `1.2` is the newest of 1.2, `latest` and what is no number the newest."""
    found = _NUMBERS.match(tag)
    if not found:
        return (_PAST_ALL,) * 3
    return tuple(_PAST_ALL if part is None else int(part[:18]) for part in found.groups())


def _said(version: Version) -> int:
    return sum(part != _PAST_ALL for part in version)


def table() -> Mapping[str, Row]:
    """The whole table by id without host; read once."""
    if not _table:
        import tomllib

        with open(FILE, "rb") as file:
            _table.update({row["id"]: _row(row) for row in tomllib.load(file)["feature"]})
    return _table


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        row["id"],
        _version(row["seen"]),
        str(row["date"]),
        tuple(row.get("installs_after", ())),
        tuple(row.get("legacy_ids", ())),
        tuple(_effect(one) for one in row.get("brings", ())),
        _since(row.get("since", ())),
    )


def _effect(row: Mapping[str, Any]) -> Effect:
    unless = row.get("unless", {})
    return Effect(
        row["effect"],
        row["why"],
        _version(row.get("since", "0")),
        unless.get("option", ""),
        tuple(unless.get("values", ())),
    )


def _since(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[Version, str], ...]:
    return tuple(sorted((_version(one["version"]), one["metadata"]) for one in rows))


def _version(text: str) -> Version:
    numbers = [int(part) for part in text.split(".")]
    return (*numbers, 0, 0)[:3]
