"""What lies around a configuration, for rules that look beyond it."""

from __future__ import annotations

import os

from paddock.checking.context import Context
from paddock.checking.search import around
from paddock.devcontainer.files import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.checking.search import Opened

_MOST_FILES = 100
_MOST_CHARACTERS = 1 << 19  # of all of them
_ALWAYS = ("install.sh", "devcontainer-lock.json", ".devcontainer-lock.json", "devcontainer-feature.json")


def look(opened: Opened, configuration: str, text: str, repository: str) -> Context:
    """The context of one configuration, whose text names the scripts that are worth reading.

    Nothing outside of `repository` is read. What a person says, the fields from `rootless` on, is left as it is.
    """
    names, complete = around(opened.folder)
    texts, all_texts = _texts(repository, opened.folder, names, text)
    return Context(
        folder=opened.folder,
        configuration=configuration,
        configurations=opened.configurations,
        git_root=_git_root(opened.folder, repository),
        names=names,
        names_complete=complete and all_texts,
        texts=texts,
    )


def _git_root(folder: str, repository: str) -> str:
    return os.path.relpath(repository, folder) if os.path.lexists(f"{repository}/.git") else ""


def _texts(repository: str, folder: str, names: frozenset[str], text: str) -> tuple[dict[str, str], bool]:
    """The files of local Features, and all whose name the configuration mentions; whether these are all."""
    wanted = [name for name in sorted(names) if name[-1] != "/" and _is_of_interest(name.rpartition("/")[2], text)]
    files = Files(repository, folder)
    found: dict[str, str] = {}
    left = _MOST_CHARACTERS
    for name in wanted[:_MOST_FILES]:
        read, why = files.text(name)
        left -= len(read)
        if left < 0:
            return found, False
        if not why:
            found[name] = read
    return found, len(wanted) <= _MOST_FILES


def _is_of_interest(base: str, text: str) -> bool:
    return base in _ALWAYS or base in text
