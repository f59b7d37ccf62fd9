"""From a folder to what is to be hardened: the one place of this room that looks at the machine."""

from __future__ import annotations

import os
import stat

from paddock import sources
from paddock.checking import rule as rules
from paddock.checking import running
from paddock.checking.reading import Reader
from paddock.checking.search import Opened, of_file
from paddock.checking.whole import Unread
from paddock.devcontainer import finding, labels
from paddock.devcontainer.files import Files
from paddock.errors import PaddockError, Usage
from paddock.frozen import frozen, replace
from paddock.hardening import changes, sheet
from paddock.hardening.case import Case, Limits
from paddock.hardening.compiling import MARK
from paddock.policy import parsing
from paddock.policy.model import Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.devcontainer.labels import Image, NotKnown
    from paddock.devcontainer.model import Effective
    from paddock.hardening.case import Engine, Kind
    from paddock.hardening.sheet import Sheet

    Ask = Callable[[str], Image | NotKnown]

PLACE = ".devcontainer/paddock/devcontainer.json"
_GUARDED = ".devcontainer"
_POLICY = sources.REPOSITORY_FILE
_LOCAL = "localhost/"  # what podman calls its own builds, whose digests nobody else knows


@frozen
class Asked:
    """What the person asks for; paths are relative to where they are."""

    directory: str = "."
    config: str = ""
    output: str = ""
    keeps: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    user: str = ""
    engine: Engine = "podman"
    command: str = "paddock harden"


def read(asked: Asked, ask: Ask | None = None) -> tuple[Case, Sheet]:
    """What is to be hardened, and the sheet of its file. Raises PaddockError with a place where it cannot be read."""
    catalogue = rules.load()
    keeps = changes.keeps(asked.keeps, {one.id: one for one in catalogue})
    opened, file = _opened(asked)
    target = _target(asked, opened.folder)
    # What an earlier run made is none that a tool may also choose (DC405): a second run finds what the first did.
    choices = tuple(one for one in opened.configurations if one == file or one != target)
    known: dict[str, Image | NotKnown] = {}

    def remembered(name: str) -> Image | NotKnown:
        known[name] = (ask or labels.ask)(name)
        return known[name]

    subject = Reader(opened.folder, ask=remembered).read(replace(opened, configurations=choices), file)
    if isinstance(subject, Unread):
        raise PaddockError(
            f"{subject.place}: {subject.why}",
            why="what cannot be read cannot be hardened",
            next_step=f"correct line {subject.place.line} of {subject.place.file}",
            code="not-read",
        )
    effective, functions = subject.effective, rules.functions()
    wanted = [one for one in catalogue if one.id in functions]
    found = running.run(wanted, functions, effective, subject.context)
    document = effective.layers[-1].document
    _check_without(asked, effective)
    git = _git(opened.folder)
    case = Case(
        effective=effective,
        findings=found,
        rules={one.id: one for one in catalogue},
        source=file,
        target=target,
        keeps=keeps,
        without=asked.without,
        user=asked.user,
        engine=asked.engine,
        git=git,
        git_above=_git(effective.repository),
        guarded=_guarded(opened.folder, target),
        digest=_digest(effective, known),
        limits=_limits(opened.folder, file, document.text),
        own=document.text.lstrip("\ufeff").startswith(MARK),
        command=asked.command,
    )
    return case, sheet.read(document)


def _opened(asked: Asked) -> tuple[Opened, str]:
    if asked.config and asked.directory == ".":
        path = os.path.abspath(asked.config)
        if not os.path.isfile(path):
            raise PaddockError(f"{asked.config} is no file", next_step=f"ls -ld {asked.config}", code="no-devcontainer")
        one = of_file(path)
        folder = os.path.realpath(one.folder)
        return Opened(folder, (*one.configurations, *_others(folder, one.configurations[0]))), one.configurations[0]
    found = finding.find(asked.directory, config=asked.config)
    if os.path.isabs(found.file):
        raise Usage(
            f"{asked.config} is not in {asked.directory}",
            why="a hardened file stands in the folder that an editor opens",
            next_step=f"paddock harden --config {asked.config}",
        )
    return Opened(found.folder, (found.file, *found.others)), found.file


def _others(folder: str, file: str) -> tuple[str, ...]:
    return tuple(one for one in finding.configurations(folder) if one != file)


def _target(asked: Asked, folder: str) -> str:
    """Where the result goes, relative to the opened folder."""
    if not asked.output:
        return PLACE
    path = os.path.abspath(asked.output)
    held = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    found = os.path.relpath(held, folder)
    if found.startswith("../") or os.path.basename(found) not in finding.NAMES:
        raise Usage(
            f"--output {asked.output}: editors do not find a configuration there",
            why="they look for .devcontainer/NAME/devcontainer.json in the folder that they open",
            next_step="paddock harden --output .devcontainer/NAME/devcontainer.json",
        )
    return found


def _check_without(asked: Asked, effective: Effective) -> None:
    from paddock.hardening.needs import means

    for word in asked.without:
        own = [use.reference for use in effective.features if use.origin.layer == "file"]
        if not any(means(word, one) for one in own):
            raise Usage(
                f"--without {word}: the file asks for no such Feature",
                why=f"it asks for {', '.join(own)}" if own else "it asks for none",
                next_step="paddock harden --diff",
            )


def _git(folder: str) -> Kind:
    try:
        found = os.lstat(f"{folder}/.git")
    except OSError:
        return ""
    return "folder" if stat.S_ISDIR(found.st_mode) else "file"


def _guarded(folder: str, target: str) -> tuple[str, ...]:
    """What decides about dev containers. The hardened file's own folder will be there when it is used."""
    there = target.startswith(f"{_GUARDED}/") or os.path.isdir(f"{folder}/{_GUARDED}")
    names = [_GUARDED] if there else []
    return (*names, *(one for one in finding.FIRST[1:] if os.path.isfile(f"{folder}/{one}")))


def _limits(folder: str, file: str, text: str) -> Limits:
    """What the repository's policy says: its paddock.toml, or the file itself. Raises PolicyError."""
    found: object = None
    if os.path.lexists(f"{folder}/{_POLICY}"):
        raw = Files(finding.repository_of(folder), folder).raw(_POLICY, sources.LARGEST_BYTES)
        found = parsing.parse_toml(raw.decode("utf-8", "replace"), _POLICY, "repository")
    else:
        found = parsing.parse_devcontainer(text.encode("utf-8", "surrogatepass"), file, "repository")
    layer = found if isinstance(found, Layer) else None
    said = {one.key: one.value for one in layer.settings} if layer else {}
    values = {name: said.get(f"limits.{name}") for name in ("memory", "processes", "cpus")}
    known = {name: _amount(name, value) for name, value in values.items() if isinstance(value, int | float)}
    return replace(Limits(), **known)


def _amount(name: str, value: float) -> str:
    """A limit as run flags have it: memory in the largest unit that is whole."""
    if name != "memory":
        return f"{value:g}"
    units = ((2**30, "g"), (2**20, "m"), (2**10, "k"))
    return next((f"{int(value) // size}{unit}" for size, unit in units if not int(value) % size), f"{int(value)}b")


def _digest(effective: Effective, known: dict[str, Image | NotKnown]) -> str:
    """What a registry calls the image that is here under this name."""
    image = effective.image
    found = known.get(image.value) if image and effective.kind == "image" else None
    if image is None or not isinstance(found, labels.Image) or image.value.startswith(_LOCAL):
        return ""
    name = image.value.partition("@")[0]
    last = name.rpartition("/")[2]
    name = name[: -len(last)] + last.partition(":")[0]
    pairs: Sequence[tuple[str, str, str]] = [one.partition("@") for one in found.digests]
    return next((digest for held, _, digest in pairs if held == name or held.endswith(f"/{name}")), "")
