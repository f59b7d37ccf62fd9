"""What rules may know besides the effective configuration. A value: rules read no file and ask no machine."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class Context:
    """The surroundings of one devcontainer.json.

    `folder` is the folder that an editor would open, absolute. Every other path is relative to it, with `..` parts
    where it lies above; `git_root` is "." when the folder is the repository, "" where there is none. `configurations`
    are all that a tool could choose from, this one (`configuration`) among them. `names` are the files around: all of
    `.devcontainer`, of the folder itself, and of its first levels, as far as they were counted (`names_complete`).
    `texts` are those of them that rules read: scripts of local Features, the lock file, scripts that hooks name.
    `rootless` is False only where the person says that a rootful engine runs this; `cgroups` is this machine's version,
    0 if it is not known; `trusted` says that the person has trusted exactly this devcontainer.json (`paddock trust`).
    """

    folder: str
    configuration: str
    configurations: tuple[str, ...] = ()
    git_root: str = ""
    names: frozenset[str] = frozenset()
    names_complete: bool = True
    texts: Mapping[str, str] = {}  # never changed, as nothing of a frozen class is
    rootless: bool = True
    cgroups: int = 0
    trusted: bool = False
