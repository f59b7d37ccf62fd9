"""`paddock devcontainer`: what a repository's dev container says, and what it comes to."""

from __future__ import annotations

from paddock.cli.flags import declare_at_the_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.cli.outcome import Outcome

SUMMARY = "show what a dev container really says"
DETAILS = """A devcontainer.json is not all that decides: the label of its image, its Features and its compose file add
to it, and not every key has the effect that it seems to have.

  paddock devcontainer show              what the file says, each line with its place
  paddock devcontainer show --effective  what all of it comes to, and who says so; nothing is pulled or downloaded
  paddock devcontainer show --config .devcontainer/python/devcontainer.json

Variables of the host such as ${localEnv:HOME} stay as they are written, so that no secret is shown."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The verbs of `devcontainer`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="print the configuration, each value with its origin")
    show.add_argument(
        "directory", nargs="?", default=".", metavar="DIRECTORY", help="the folder to open (default: here)"
    )
    show.add_argument("--effective", action="store_true", help="with the image's label, Features and compose file")
    declare_place(show)
    declare_at_the_end(show)


def declare_place(verb: argparse.ArgumentParser) -> None:
    """The options that say which devcontainer.json is meant."""
    verb.add_argument("--config", metavar="FILE", default="", help="this devcontainer.json instead of the first one")
    verb.add_argument("--override-config", metavar="FILE", default="", help="read this text in place of the file's own")


def perform(options: argparse.Namespace) -> Outcome:
    """Do what the verb says."""
    return _show(options)


def _show(options: argparse.Namespace) -> Outcome:
    from paddock.cli.views import dev_container
    from paddock.devcontainer import finding

    found = finding.find(options.directory, config=options.config, override=options.override_config)
    if options.effective:
        from paddock.devcontainer.effective import effective

        return dev_container.shown(effective(found), found.others)
    from paddock.devcontainer import reading

    return dev_container.shown(reading.read(found), found.others)
