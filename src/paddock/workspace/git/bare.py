"""A repository of our own making that has no objects: where git works on what others wrote.

No configuration, hook or ref of the sandbox is in it, and none of the host's either; objects come in through
`objects/info/alternates` (gitrepository-layout(5)).
"""

from __future__ import annotations

import os

from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def files(object_format: str, alternates: Sequence[str], shallow: str = "", *, partial: bool = False) -> dict[str, str]:
    """The files of one, by their paths. `shallow` is the host's list of commits whose parents it does not have;
    of a `partial` clone, objects may be missing that its remote has promised.
    """
    extensions = [f"\tobjectFormat = {object_format}\n"] if object_format != "sha1" else []
    extensions += ["\tpartialClone = none\n"] if partial else []
    config = f"[core]\n\trepositoryformatversion = {int(bool(extensions))}\n\tbare = true\n"
    found = {
        "HEAD": "ref: refs/heads/none\n",
        "config": "".join((config, "[extensions]\n", *extensions)),
        "refs/heads/.none": "",  # git wants the directory
        "objects/info/alternates": "".join(f"{quoted(path)}\n" for path in alternates),
    }
    return {**found, "shallow": shallow} if shallow else found


def write(directory: str, content: dict[str, str]) -> None:
    """Make the files below a private directory."""
    for path, text in content.items():
        place = f"{directory}/{path}"
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(os.fsencode(text))
