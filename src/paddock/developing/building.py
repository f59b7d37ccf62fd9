"""The image of a dev container: the one that is named, or one that the reference CLI builds.

Building is outside of every sandbox, as `podman build` is: the engine's own containers, with the network and as their
root. So it happens when a person asks for it and never by the way; what reaches out of it onto this machine is refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil

from paddock import state
from paddock.boundary import engine
from paddock.devcontainer import reading
from paddock.developing.ground import Made, inputs
from paddock.errors import PaddockError, Refused
from paddock.planning import find_repository
from paddock.process import SYSTEM_PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.devcontainer.finding import Found
    from paddock.devcontainer.model import Effective
    from paddock.developing.ground import Ground

_CLI = "devcontainer"
_TIMEOUT_S = 3600.0
_TAIL_LINES = 12
# Of this a program makes the network of a build without root. It ends where it may not open that, and what Podman says
# of it does not tell: "failed to read from slirp4netns sync pipe: EOF".
_TUN = "/dev/net/tun"
_NO_NETWORK = ("slirp4netns sync pipe", "pasta failed")
# Of `build.options`: what changes neither what a build sees of this machine nor what it may do there.
_HARMLESS = ("--pull", "--no-cache", "--label", "--platform", "--quiet", "--squash", "--layers", "--format")


def is_named(effective: Effective) -> bool:
    """Whether the image is one that exists already: nothing is built on it."""
    return effective.kind == "image" and not effective.features and effective.image is not None


def reference(found: Found, effective: Effective, ground: Ground) -> str:
    """What to ask the engine for. Raises Refused where it is still to be built, or was before its files changed."""
    if is_named(effective):
        assert effective.image is not None  # noqa: S101 - see `is_named`
        return effective.image.value
    made = ground.made()
    if made is None or made.inputs != inputs(found, _dockerfile(found, effective)):
        raise Refused(
            "the image of this dev container " + ("is not built" if made is None else "is older than its files"),
            why="building it runs what its files say, with the network, so it is never done by the way",
            next_step="paddock devcontainer build",
            code="devcontainer-not-built",
        )
    return made.image


def build(found: Found, effective: Effective, ground: Ground, environ: Mapping[str, str] = os.environ) -> str:
    """Let the reference CLI build the image; its name. Raises Refused and PaddockError."""
    if is_named(effective):
        return reference(found, effective, ground)
    environment = _environment(environ, find_repository(found.folder, state.home(environ)))
    _refuse_reach(found, environment)
    name = _name(found)
    files = _dockerfile(found, effective)
    before = inputs(found, files, lock=False)
    words = (_program(environment), "build", "--workspace-folder", found.folder, "--config", found.path)
    _run((*words, "--docker-path", engine.find_engine().program, "--image-name", name), environment)
    if inputs(found, files, lock=False) != before:
        raise PaddockError("its files changed while the image was built", next_step="paddock devcontainer build")
    ground.keep(Made(name, inputs(found, files)))
    return name


def _name(found: Found) -> str:
    """What the image is called: no other configuration's has that name, or one repository would run in another's."""
    base = "".join(c if c.isascii() and c.isalnum() else "-" for c in os.path.basename(found.folder).lower())[:24]
    which = hashlib.sha256(os.fsencode(found.path)).hexdigest()[:32]
    return f"localhost/paddock-devcontainer:{which}{'-' * bool(base)}{base}"


def _dockerfile(found: Found, effective: Effective) -> tuple[str, ...]:
    build = effective.build
    if build is None or build.dockerfile is None:
        return ()
    return (os.path.normpath(os.path.join(os.path.dirname(found.path), build.dockerfile.value)),)


def _refuse_reach(found: Found, environment: Mapping[str, str]) -> None:
    """A build sees its context and gets the flags that it asks for (rules DC402, DC403).

    Judged as the reference CLI will see it: with the variables that it gets, and by the text of a path, of which it
    takes `..` away before any link is followed.
    """
    build = reading.read(found, environment=environment, with_id=True).build
    if build is None:
        return
    here = os.path.dirname(found.path)
    repository = os.path.realpath(find_repository(found.folder, state.home(environment)))
    for text in (build.dockerfile, build.context):
        real = os.path.realpath(os.path.normpath(os.path.join(here, text.value))) if text else found.folder
        if text and not f"{real}/".startswith(f"{repository}/"):
            raise Refused(
                f"{text.origin.key} ({text.origin.where}) is outside of the repository",
                why=f"the build would see {real}",
                next_step="paddock check   explains it (DC402)",
                code="build-context",
            )
    for option in build.options:
        if option.value.partition("=")[0] not in _HARMLESS:
            raise Refused(
                f"build.options ({option.origin.where}) asks for {option.value}",
                why="it is passed to the engine as it is, and may open this machine to the build",
                next_step="paddock check   explains it (DC403)",
                code="build-options",
            )


def _program(environment: Mapping[str, str]) -> str:
    """The reference CLI."""
    program = shutil.which(_CLI, path=environment["PATH"])
    if program is None:
        raise PaddockError(
            "the reference implementation of dev containers is not installed",
            why="it builds images with Features; Paddock does not rewrite it",
            next_step="npm install -g @devcontainers/cli",
            code="devcontainer-cli",
        )
    return program


def _environment(environ: Mapping[str, str], repository: str) -> dict[str, str]:
    """What the reference CLI gets: no more of the caller's variables than an engine does, since it hands them on.

    It is itself a script, and calls others: nothing of the repository is on its PATH.
    """
    known = (*environ.get("PATH", "").split(":"), *SYSTEM_PATH)
    outside = [it for it in known if it.startswith("/") and not f"{os.path.realpath(it)}/".startswith(f"{repository}/")]
    passed = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REGISTRY_AUTH_FILE")
    given = {name: environ[name] for name in passed if name in environ}
    daemon = engine.find_engine().daemon
    where = {"DOCKER_HOST": daemon} if daemon else {}
    return {**engine.environment(_settings()), **given, **where, "PATH": ":".join(dict.fromkeys(outside))}


def _run(argv: tuple[str, ...], environment: Mapping[str, str]) -> None:
    from paddock.process import run

    path = ":".join(dict.fromkeys((os.path.dirname(argv[0]), *environment["PATH"].split(":"))))
    done = run(argv, environment={**environment, "PATH": path}, timeout_s=_TIMEOUT_S)
    if done.status:
        said = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
        _refuse_no_network(said)
        lines = [line for line in said if "is not a shared mount" not in line and not line.startswith("    at ")]
        raise PaddockError(
            "the image could not be built",
            why="\n".join(lines[-_TAIL_LINES:]),
            next_step="mend its Dockerfile or Features, then: paddock devcontainer build",
            code="devcontainer-build",
        )


def _refuse_no_network(said: list[str]) -> None:
    """Raise the error where no network could be made for a build, which none of its files mends."""
    told = [line.strip() for line in said if any(word in line for word in _NO_NETWORK)]
    if not told or os.access(_TUN, os.R_OK | os.W_OK):
        return
    lacks, mends = "is not there", "sudo modprobe tun"
    if os.path.exists(_TUN):
        lacks, mends = "is not yours to open", f"sudo chmod 666 {_TUN}"
    raise PaddockError(
        "the image could not be built: there is no network for it",
        why=f"{_TUN} {lacks}, and the network is made of it ({told[0]})",
        next_step=f"{mends}, then: paddock devcontainer build",
        code="devcontainer-build",
    )


def _settings() -> str:
    """The engine's settings for a build: its runtime must be named there, since no flag of ours reaches it."""
    place = state.make_private(f"{state.state_directory()}/podman")
    runtime = engine.find_engine().runtime
    text = f'[engine]\nevents_logger = "none"\n{f"runtime = {runtime!r}" if runtime else ""}\n'
    state.write_durably(place, "containers.conf", text.replace("'", '"').encode())
    return place
