"""Configurations as rules see them: the file, its image's label, local Features, a compose file, what lies around."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.checking import rule as rules
from paddock.checking import running
from paddock.checking.files import File
from paddock.checking.search import Opened
from paddock.checking.surroundings import look
from paddock.devcontainer.effective import effective
from paddock.devcontainer.finding import find
from paddock.devcontainer.labels import Image, NotKnown
from paddock.frozen import frozen, replace

if TYPE_CHECKING:
    from paddock.checking.findings import Finding, Hit
    from paddock.devcontainer.model import Effective

FILE = ".devcontainer/devcontainer.json"
IMAGE = f"registry.example.test/base:1@sha256:{'0' * 64}"
BASE: dict[str, Any] = {"image": IMAGE, "remoteUser": "dev"}
CATALOGUE = tuple(one for one in rules.load() if one.id > "DC1")


@frozen
class Scene:
    """One repository. `config` is laid over BASE (a value None takes a key away), or the file's text."""

    config: Any
    label: Any = None
    files: Any = ()
    around: Any = ()  # what the rules may know of the machine
    below: str = ""  # the opened folder, below the repository's root


def file(**keys: Any) -> Scene:
    """What the file itself says."""
    return Scene(keys)


def text(written: str) -> Scene:
    """The file, word for word."""
    return Scene(written)


def flags(*words: str, **keys: Any) -> Scene:
    """Run flags."""
    return Scene({"runArgs": [*words], **keys})


def mount(written: Any) -> Scene:
    """One mount."""
    return Scene({"mounts": [written]})


def hook(command: Any, event: str = "postCreateCommand", **keys: Any) -> Scene:
    """One hook."""
    return Scene({event: command, **keys})


def setting(name: str, value: Any) -> Scene:
    """One setting of the editor."""
    return Scene({"customizations": {"vscode": {"settings": {name: value}}}})


def label(**metadata: Any) -> Scene:
    """What only the image's label says."""
    return Scene({}, [metadata])


def feature(script: str = "true\n", **metadata: Any) -> Scene:
    """What only a local Feature says."""
    told = {"id": "extra", "version": "1.0.0", "name": "Extra", **metadata}
    files = {
        ".devcontainer/extra/devcontainer-feature.json": json.dumps(told),
        ".devcontainer/extra/install.sh": script,
    }
    return Scene({"features": {"./extra": {}}}, None, tuple(files.items()))


def compose(*lines: str, **keys: Any) -> Scene:
    """What the service of a compose file says."""
    written = "services:\n  app:\n    image: " + IMAGE + "\n" + "".join(f"    {line}\n" for line in lines)
    config = {"image": None, "dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/w", **keys}
    return Scene(config, None, ((".devcontainer/compose.yaml", written),))


def read(scene: Scene, top: Path) -> tuple[Effective, Any, dict[str, File]]:
    """The effective configuration of a scene, what lies around it, and the file for edits."""
    folder = top / "repo" / scene.below
    (top / "repo/.git").mkdir(parents=True)
    config = scene.config
    if not isinstance(config, str):
        merged = {**BASE, **config}
        config = json.dumps({key: value for key, value in merged.items() if value is not None}, indent=2)
    for name, content in {FILE: config, **dict(scene.files)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    metadata = json.dumps(scene.label) if scene.label is not None else "[]"

    def ask(name: str) -> Image | NotKnown:
        if scene.label == "unknown":
            return NotKnown(name, "it is not here")
        return Image(name, "podman", "sha256:0", "dev", (), (), (), metadata)

    result = effective(find(str(folder)), ask=ask)
    opened = Opened(
        str(folder), tuple(sorted(one for one in {FILE, *dict(scene.files)} if one.endswith("devcontainer.json")))
    )
    context = look(opened, FILE, config, str(top / "repo"))
    document = result.layers[-1].document
    return result, replace(context, **dict(scene.around)), {FILE: File(FILE, "json", config.encode(), config, document)}


def hits(scene: Scene) -> dict[str, list[Hit]]:
    """All that the functions say, by rule: also what other rules cover."""
    with tempfile.TemporaryDirectory() as top:
        result, context, _ = read(scene, Path(top))
        functions = rules.functions()
        return {one.id: [hit for each in functions[one.id] for hit in each(result, context)] for one in CATALOGUE}


def findings(scene: Scene, wanted: tuple[rules.Rule, ...] = CATALOGUE) -> tuple[Finding, ...]:
    """What a person is told."""
    with tempfile.TemporaryDirectory() as top:
        result, context, _ = read(scene, Path(top))
        return running.run(wanted, rules.functions(), result, context)


def of(rule: str, scene: Scene) -> list[Finding]:
    """What a person is told by one rule, beside those that cover it."""
    wanted = tuple(one for one in CATALOGUE if one.id == rule or rule in one.covers)
    return [one for one in findings(scene, wanted) if one.rule == rule]
