"""What a local image says about itself: the label `devcontainer.metadata`, its user, environment and entrypoint.

The engines that are installed are asked for what they *have*. Nothing is ever pulled: an image that is not there, and
an engine that does not answer, are a layer that is not known, which is not the same as an empty one.
"""

from __future__ import annotations

import os
import re

from paddock import process
from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

LABEL = "devcontainer.metadata"
ENGINES = ("podman", "docker")
TIMEOUT_S = 15.0
LARGEST = 4 << 20  # bytes of an answer; a label itself is rarely more than 10 kB
# Of a name: distribution's reference grammar without its lengths, so that no name is taken for a flag or for two words.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-/:@]{0,511}")
# Where an engine finds its images; with these it is the person's own engine that is asked.
_PASSED = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG", "CONTAINERS_CONF")
_STORE = "CONTAINERS_STORAGE_CONF"
_STORES = {"root": "/var/lib/containers/storage", "all": "/etc/containers/storage.conf"}
_ADDRESSES = ("DOCKER_HOST", "CONTAINER_HOST")


@frozen
class Image:
    """An image that an engine of this machine has. `metadata` is the label's text, empty where there is none."""

    name: str
    engine: str
    digest: str  # its id
    user: str
    environment: tuple[tuple[str, str], ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    metadata: str
    digests: tuple[str, ...] = ()  # what registries call it: NAME@sha256:…


@frozen
class NotKnown:
    """An image that could not be looked at, and why, as a part of a sentence."""

    name: str
    why: str


def ask(
    name: str,
    *,
    engines: Sequence[str] = ENGINES,
    environ: Mapping[str, str] | None = None,
    directories: Sequence[str] = process.SYSTEM_PATH,
) -> Image | NotKnown:
    """The image of that name, from the first engine that has it."""
    if not _NAME.fullmatch(name):
        return NotKnown(name, "its name is no image's name" if "$" not in name else "its name depends on a variable")
    given = os.environ if environ is None else environ
    reasons = []
    for engine in engines:
        program = process.find(engine, directories)
        if program is None:
            reasons.append(f"{engine} is not installed")
            continue
        found = _asked(engine, program, name, given)
        if isinstance(found, Image):
            return found
        reasons.append(found)
    return NotKnown(name, "; ".join(reasons) or "no engine was asked")


def _asked(engine: str, program: str, name: str, environ: Mapping[str, str]) -> Image | str:
    if engine == "podman" and not _has_store(environ):
        return "podman has no images here"  # asking would make its store
    try:
        done = process.run(
            [program, "image", "inspect", "--", name], environment=environment(environ), timeout_s=TIMEOUT_S
        )
    except PaddockError as error:
        return f"{engine} does not answer ({error.what})"
    if done.status != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        absent = any("not known" in line or "No such image" in line for line in said)
        return f"{engine} does not have it" if absent else f"{engine} says: {said[-1][:200] if said else 'nothing'}"
    return read(done.stdout, name, engine)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What an engine gets: where its images are. One on another machine is not asked: reading needs no network."""
    passed = {name: environ[name] for name in (*_PASSED, _STORE) if name in environ}
    passed |= {name: environ[name] for name in _ADDRESSES if environ.get(name, "").startswith("unix://")}
    # docker's other contexts may be machines; the default one is $DOCKER_HOST or the usual socket
    return {"PATH": ":".join(process.SYSTEM_PATH), "LC_ALL": "C", "DOCKER_CONTEXT": "default", **passed}


def _has_store(environ: Mapping[str, str]) -> bool:
    home = environ.get("HOME", "/nowhere")
    if os.geteuid() == 0:
        usual = [_STORES["root"]]
    else:
        data = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
        config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        usual = [f"{data}/containers/storage", f"{config}/containers/storage.conf"]
    return any(map(os.path.exists, (*usual, _STORES["all"], environ.get(_STORE, ""))))


def read(answer: bytes, name: str, engine: str) -> Image | str:
    """An engine's answer; a part of a sentence where it is none. Whoever made the image wrote most of it."""
    import json

    if len(answer) > LARGEST:
        return f"{engine} says more about it than {LARGEST >> 20} MiB"
    try:
        found = json.loads(answer)[0]
        config = found.get("Config") or {}
        return Image(
            name,
            engine,
            str(found.get("Id", "")),
            _text(config.get("User")),
            tuple(_variable(one) for one in _texts(config.get("Env"))),
            _texts(config.get("Entrypoint")),
            _texts(config.get("Cmd")),
            _text((config.get("Labels") or {}).get(LABEL)),
            _texts(found.get("RepoDigests")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return f"{engine} says what cannot be read"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _variable(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
