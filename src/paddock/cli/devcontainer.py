"""`paddock devcontainer`: what a repository's dev container says, and what it comes to."""

from __future__ import annotations

import os

from paddock.cli import flags
from paddock.cli.flags import declare_at_the_end
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.errors import SessionError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from paddock.policy.model import Layer

SUMMARY = "show, build and run a repository's dev container"
DETAILS = """A devcontainer.json is not all that decides: the label of its image, its Features and its compose file add
to it, and not every key has the effect that it seems to have.

  paddock devcontainer show              what the file says, each line with its place
  paddock devcontainer show --effective  what all of it comes to, and who says so; nothing is pulled or downloaded
  paddock devcontainer show --config .devcontainer/python/devcontainer.json

Variables of the host such as ${localEnv:HOME} stay as they are written, and values whose names or forms are those of
secrets are hidden, so that none is shown.

  paddock devcontainer build             let the reference CLI build its image, outside, with the network
  paddock devcontainer up                set it up and leave it running, in Podman, under the policy
  paddock devcontainer exec -- pytest    one more command in it
  paddock devcontainer stop              end it; what it wrote in the repository is held for review
  paddock devcontainer rm                end it, and forget its image, home and set-up

Its set-up commands run inside, with the network that [network.setup] lists and no other. initializeCommand, which would
run on this machine, is refused."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The verbs of `devcontainer`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="print the configuration, each value with its origin")
    show.add_argument(
        "directory", nargs="?", default=".", metavar="DIRECTORY", help="the folder to open (default: here)"
    )
    show.add_argument("--effective", action="store_true", help="with the image's label, Features and compose file")
    declare_place(show)
    build = verbs.add_parser("build", help="let the reference CLI build its image")
    up = verbs.add_parser("up", help="set it up, and leave a sandbox of it running")
    execute = verbs.add_parser("exec", help="run a command in it, as long as it is up")
    stop = verbs.add_parser("stop", help="end its sandbox")
    remove = verbs.add_parser("rm", help="end its sandbox, and forget what was made for it")
    for verb in (build, up, remove):
        verb.add_argument(
            "--config", metavar="FILE", default="", help="this devcontainer.json instead of the first one"
        )
    for verb in (build, up):
        verb.add_argument(
            "--without-initialize",
            action="store_true",
            help="go on although initializeCommand is not run: it would run on this machine",
        )
    flags.declare_policy_flags(up)
    execute.add_argument("command", nargs="*", metavar="COMMAND", help="the program and its arguments")
    declare_at_the_end(show, build, up, execute, stop, remove)


def declare_place(verb: argparse.ArgumentParser) -> None:
    """The options that say which devcontainer.json is meant."""
    verb.add_argument("--config", metavar="FILE", default="", help="this devcontainer.json instead of the first one")
    verb.add_argument("--override-config", metavar="FILE", default="", help="read this text in place of the file's own")


def perform(options: argparse.Namespace) -> Outcome:
    """Do what the verb says."""
    return _VERBS[options.verb](options)


def _build(options: argparse.Namespace) -> Outcome:
    from paddock.developing.standing import ready

    found = ready(os.getcwd(), config=options.config, allow_initialize=options.without_initialize, build=True)
    image, made = found.image, found.ground.made()
    built = made is not None and made.image == image.reference
    return Outcome(
        f"{'built:' if built else 'nothing is to be built, and this image is here:'} {plain(image.reference)}\n",
        {"schema": 1, "image": image.reference, "id": image.identifier, "built": built},
    )


def _up(options: argparse.Namespace) -> Outcome:
    from paddock.cli.main import told
    from paddock.developing import life, standing

    name = life.name_of(os.getcwd())
    if life.is_up(name):
        return Outcome(f"{name} is up already\n", {"schema": 1, "name": name, "started": False})
    layer = _in_podman(options)
    ready = standing.ready(
        os.getcwd(), layer, config=options.config, allow_initialize=options.without_initialize, build=True
    )
    terminal = any(map(os.isatty, (0, 1, 2)))
    flags_of_main = [f"--{word}" for word in ("json", "debug") if getattr(options, word)]
    code, kept = life.up(ready, layer, terminal=terminal, failed=lambda error: told(error, flags_of_main))
    if not kept:  # the error has been told
        return Outcome(exit_code=code)
    said = f"{kept} is up: paddock devcontainer exec -- COMMAND\n"
    return Outcome(said, {"schema": 1, "name": kept, "started": True, "exit_code": code}, exit_code=code)


def _in_podman(options: argparse.Namespace) -> Layer:
    """The flags, with podman where no boundary is named: an image needs one."""
    if options.boundary is None:
        options.boundary = "podman"
    return flags.layer_from_flags(options)


def _exec(options: argparse.Namespace) -> Outcome:
    from paddock import joining
    from paddock.developing import life

    if not options.command:
        raise Usage("no command to run", next_step="paddock devcontainer exec -- COMMAND")
    name = life.name_of(os.getcwd())
    if not life.is_up(name):
        raise SessionError("this dev container is not up", next_step="paddock devcontainer up")
    _tell_of_agent(options.command[0])
    return Outcome(exit_code=joining.execute(name, options.command))


def _tell_of_agent(command: str) -> None:
    """An agent that joins a sandbox which was started without one has neither its key nor its network."""
    from paddock.agents.profile import for_command
    from paddock.remarks import complain

    agent = for_command(command)
    if agent:
        words = f"paddock run --boundary podman -- {plain(command)}"
        complain(f"{agent.title} has no key and no network of its own here; to start it with them: {words}")


def _stop(_: argparse.Namespace) -> Outcome:
    from paddock.developing import life

    name = life.stop(os.getcwd())
    return Outcome(f"{name} has ended\n", {"schema": 1, "name": name})


def _remove(options: argparse.Namespace) -> Outcome:
    from paddock.developing import life

    removed = life.remove(os.getcwd(), options.config)
    said = "".join(f"removed: {plain(one)}\n" for one in removed) or "nothing was there\n"
    return Outcome(said, {"schema": 1, "removed": removed})


def _show(options: argparse.Namespace) -> Outcome:
    from paddock.cli.views import dev_container
    from paddock.devcontainer import finding

    found = finding.find(options.directory, config=options.config, override=options.override_config)
    if options.effective:
        from paddock.devcontainer.effective import effective

        return dev_container.shown(effective(found), found.others)
    from paddock.devcontainer import reading

    return dev_container.shown(reading.read(found), found.others)


_VERBS: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "show": _show,
    "build": _build,
    "up": _up,
    "exec": _exec,
    "stop": _stop,
    "rm": _remove,
}
