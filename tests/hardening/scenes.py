"""A repository with a dev container, hardened: what comes out of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.devcontainer import jsonc
from paddock.devcontainer.labels import Image, NotKnown
from paddock.frozen import frozen
from paddock.hardening import reading, writing

if TYPE_CHECKING:
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change

FILE = ".devcontainer/devcontainer.json"
IMAGE = "registry.example.test/team/image:1"
PROTECTED = "/workspaces/${localWorkspaceFolderBasename}"


@frozen
class Result:
    """The case and what came out of it."""

    case: Case
    found: writing.Texts

    @property
    def text(self) -> str:
        return self.found.after[self.case.target]

    @property
    def data(self) -> Any:
        return jsonc.parse(self.case.target, self.text).root.data()

    @property
    def compose(self) -> str:
        return self.found.hardened.compose

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.found.hardened.changes

    @property
    def rules(self) -> set[str]:
        return {one.rule for one in self.changes}


def ask(label: Any = None, user: str = "dev", digests: tuple[str, ...] = ()) -> Any:
    """An engine that has every image, with this label."""

    def one(name: str) -> Image | NotKnown:
        if label == "unknown":
            return NotKnown(name, "it is not here")
        return Image(name, "podman", "sha256:0", user, (), (), (), json.dumps(label or []), digests)

    return one


def repository(top: Path, config: Any, files: dict[str, str] | None = None, file: str = FILE) -> Path:
    """A git repository with a configuration; None takes a key of the usual one away."""
    folder = top / "app"
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    text = config
    if not isinstance(config, str):
        merged = {"image": IMAGE, **config}
        text = json.dumps({key: value for key, value in merged.items() if value is not None}, indent=2)
    for name, content in {**(files or {}), file: text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def harden(
    top: Path,
    config: Any,
    files: dict[str, str] | None = None,
    *,
    file: str = FILE,
    image: Any = None,
    **asked: Any,
) -> Result:
    """The hardened configuration of a repository, which is not written."""
    return hardened(repository(top, config, files, file), image, **asked)


def hardened(folder: Path, image: Any = None, **asked: Any) -> Result:
    """The same for a repository that is there."""
    said = {"directory": str(folder), **asked}
    case, sheet = reading.read(reading.Asked(**said), image or ask())
    return Result(case, writing.texts(case, sheet))


def again(result: Result, image: Any = None, **asked: Any) -> Result:
    """The result, written and hardened once more by its own place."""
    writing.write(result.case, result.found)
    folder = result.case.effective.folder
    return hardened(Path(folder), image, config=f"{folder}/{result.case.target}", **asked)
