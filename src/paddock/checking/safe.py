"""The edits of the file that `--fix` may make: what is dangerous goes, everything else stays as it was.

Only the devcontainer.json itself is edited: an image's label, a Feature and a compose file belong to somebody else, or
are no JSON.
"""

from __future__ import annotations

from paddock.checking.findings import Edit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.model import Effective, Flag
    from paddock.devcontainer.source import Source

_ARGUMENTS = "runArgs"


def removal(source: Source, effective: Effective) -> tuple[Edit, ...]:
    """The member, list item or run flag that `source` names goes. Nothing where it cannot be edited alone."""
    if not _ours(source, effective):
        return ()
    if source.path[0] != _ARGUMENTS:
        return (Edit(effective.file, "remove", source.path),)
    flags = effective.flags_at.get(source.path, ())
    return _without(flags[0], effective) if len(flags) == 1 else ()  # `-it` is one word, and two flags


def setting(source: Source, value: object, effective: Effective) -> tuple[Edit, ...]:
    """The value at `source` becomes another."""
    return (Edit(effective.file, "set", source.path, value),) if _ours(source, effective) else ()


def flag_value(source: Source, value: str, effective: Effective) -> tuple[Edit, ...]:
    """The run flag at `source` gets another value."""
    flags = effective.flags_at.get(source.path, ())
    if not _ours(source, effective) or len(flags) != 1:
        return ()
    flag, path = flags[0], source.path
    index = path[1] if len(path) > 1 else None
    if not isinstance(index, int) or (flag.words == 1 and not flag.name.startswith("--")):
        return ()
    if flag.words == 1:
        return (Edit(effective.file, "set", path, f"{flag.name}={value}"),)
    return (Edit(effective.file, "set", (_ARGUMENTS, index + 1), value),)


def addition(effective: Effective, value: str, *path: str) -> tuple[Edit, ...]:
    """One more item of a list of the file; a missing list is made."""
    return (Edit(effective.file, "append", path, value),)


def _ours(source: Source, effective: Effective) -> bool:
    return source.layer == "file" and bool(source.path) and source.name == effective.file


def _without(flag: Flag, effective: Effective) -> tuple[Edit, ...]:
    index = flag.origin.path[1] if len(flag.origin.path) > 1 else None
    if not isinstance(index, int):
        return ()
    return tuple(Edit(effective.file, "remove", (_ARGUMENTS, index + word)) for word in range(flag.words))
