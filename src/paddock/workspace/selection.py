"""Which paths are meant: exact names, directories with all below them, or patterns as git's.

`*` and `?` match any character, slash included, as in git's pathspecs. A name that exists is never taken for
a pattern, so that every name can be said.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

from paddock.errors import Usage, WorkspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNS = frozenset("*?[")


class Selection:
    """Remembers which of its words met something; `()` selects everything."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        """`words` are relative to the repository, "" is its root; see `words_in`."""
        self._words = tuple(words)
        self._met: set[str] = set()
        self.everything = not words

    def __contains__(self, path: str) -> bool:
        found = self.everything
        for word in self._words:
            if _meets(word, path):
                self._met.add(word)
                found = True
        return found

    def note(self, path: str) -> None:
        """Remember which words meet a path, for `demand`."""
        _ = path in self

    def unmet(self) -> tuple[str, ...]:
        """The words that selected nothing so far."""
        return tuple(word for word in self._words if word not in self._met)

    def demand(self) -> None:
        """Raise WorkspaceError when a word selected nothing: it is a typing error more often than not."""
        if unmet := self.unmet():
            shown = ", ".join(ascii(word) for word in unmet)
            raise WorkspaceError(
                f"no change matches {shown}", next_step="paddock diff --name-only", code="no-such-change"
            )


def _meets(word: str, path: str) -> bool:
    if word in ("", path) or path.startswith(word + "/"):
        return True
    return not _SIGNS.isdisjoint(word) and fnmatchcase(path, word)


def words_in(repository: str, cwd: str, given: Sequence[str]) -> tuple[str, ...]:
    """What a person typed in `cwd`, relative to the repository. Raises Usage for a path outside of it."""
    words = []
    for text in given:
        absolute = os.path.normpath(os.path.join(cwd, text))
        if absolute != repository and not absolute.startswith(repository.rstrip("/") + "/"):
            raise Usage(f"{text!a} is outside of the repository {repository}")
        words.append("" if absolute == repository else absolute[len(repository.rstrip("/")) + 1 :])
    return tuple(words)
