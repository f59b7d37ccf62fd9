"""DC701 to DC709: secrets in the file, and the ways by which the host's come in. No message holds a value."""

from __future__ import annotations

import bisect
import re
import sys

from paddock.checking.facts import base, container, hooks, mounts, secret
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from paddock.preflight.names import holds_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.document import Document, Node
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Path

_OF_HOST = re.compile(r"\$\{(?:localEnv|env):([A-Za-z_][A-Za-z0-9_]*)")
_OF_COMPOSE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_OPTION = re.compile(r"--?([A-Za-z][A-Za-z0-9_-]*)=(.+)", re.DOTALL)
_SHOWN = 3  # file names in a message


@rule("DC701")
def literal(effective: Effective, _: Context) -> Iterator[Hit]:
    """A secret's name, and its value."""
    for variable in container.variables(effective):
        if secret.is_name(variable.name) and secret.is_literal(variable.raw):
            message = f"{variable.name} has its value in the file{base.brought_by(variable.origin)}"
            yield Hit(message, variable.origin, "low" if secret.is_default(variable.raw) else "")


@rule("DC702")
def from_host(effective: Effective, _: Context) -> Iterator[Hit]:
    """A secret's name, and the host's value."""
    for variable in container.variables(effective):
        of_compose = variable.origin.layer == "compose"
        for name in dict.fromkeys((_OF_COMPOSE if of_compose else _OF_HOST).findall(variable.raw)):
            if secret.is_name(name) or secret.is_name(variable.name):
                where = "what tools start" if variable.remote else "every process inside, and `inspect` shows it"
                # `${DB_PASSWORD:-postgres}`: without a value of the host's it is what everybody knows
                severity = "low" if of_compose and secret.is_default(variable.value or "") else ""
                yield Hit(f"{name} of the host is given to {where}", variable.origin, severity)


@rule("DC703")
def build_argument(effective: Effective, _: Context) -> Iterator[Hit]:
    """Secrets in build.args."""
    for one in effective.build.args if effective.build else ():
        raw = one.raw or one.value or ""
        handed = any(secret.is_name(name) for name in _OF_HOST.findall(raw))
        if handed or (secret.is_name(one.name) and (secret.is_literal(raw) or _OF_HOST.search(raw))):
            yield Hit(f"the build argument {one.name} stays in the image's history", one.origin)


@rule("DC704")
def variables_file(effective: Effective, _: Context) -> Iterator[Hit]:
    """--env-file."""
    for flag in container.flags(effective, "--env-file"):
        yield Hit(f"all variables of {flag.value} are put into the environment", flag.origin)


@rule("DC705")
def files(effective: Effective, context: Context) -> Iterator[Hit]:
    """Files with secrets in the workspace: one hit for all."""
    if mounts.workspace(effective) is None:
        return
    found = sorted(
        name
        for name in context.names
        if not name.endswith("/") and (holds_secrets(name.rpartition("/")[2]) or name.endswith(".pem"))
    )
    if found:
        shown = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        yield Hit(f"readable inside: {shown}", base.source(effective))


@rule("DC706")
def token(effective: Effective, _: Context) -> Iterator[Hit]:
    """Texts of a token's form, in comments too."""
    for layer in effective.layers:
        document, spans = layer.document, []
        for node, path in _strings(layer.node, ()):
            spans.append((node.place.offset, node.place.end))
            for name, _start, _end in secret.forms(document.text[node.place.offset : node.place.end]):
                yield Hit(f"this has the form of {name}", Source(layer.layer, layer.name, path, node.place))
        spans.sort()
        for name, start, end in secret.forms(document.text):
            within = layer.node.place.offset <= start < layer.node.place.end or layer.layer != "label"
            if within and not _inside(start, spans):
                yield Hit(
                    f"this has the form of {name}", Source(layer.layer, layer.name, (), _place(document, start, end))
                )


def _inside(start: int, spans: list[tuple[int, int]]) -> bool:
    """Whether one of the spans, which are in order and apart from each other, holds the place."""
    at = bisect.bisect_right(spans, (start, sys.maxsize)) - 1
    return at >= 0 and start < spans[at][1]


def _children(node: Node) -> Iterator[tuple[Node, str | int]]:
    yield from ((member.node, member.key) for member in node.members)
    yield from ((item, number) for number, item in enumerate(node.items))


def _place(document: Document, start: int, end: int) -> Place:
    line = document.text.count("\n", 0, start) + 1
    return Place(document.file, line, start - document.text.rfind("\n", 0, start), start, end)


@rule("DC707")
def address(effective: Effective, _: Context) -> Iterator[Hit]:
    """Passwords in addresses."""
    for layer in effective.layers:
        for node, path in _strings(layer.node, ()):
            for password in secret.passwords(str(node.value)):
                severity = "low" if secret.is_default(password) else ""
                origin = Source(layer.layer, layer.name, path, node.place)
                yield Hit("an address with a password stands here", origin, severity)


def _strings(node: Node, path: Path) -> Iterator[tuple[Node, Path]]:
    if node.kind == "string":
        yield node, path
    for inner, step in _children(node):
        yield from _strings(inner, (*path, step))


@rule("DC708")
def feature_option(effective: Effective, _: Context) -> Iterator[Hit]:
    """Secrets among the options of a Feature."""
    for use in effective.features:
        for option in use.options:
            text = option.value if isinstance(option.value, str) else ""
            if secret.is_name(option.name) and (secret.is_literal(text) or _OF_HOST.search(text)):
                severity = "low" if secret.is_default(text) else ""
                yield Hit(f"the option {option.name} of {use.reference} is a secret", option.origin, severity)


@rule("DC709")
def in_hook(effective: Effective, context: Context) -> Iterator[Hit]:
    """Values in a hook."""
    for said in hooks.commands(effective, context):
        words = [*said.command.assigned, *(said.command.arguments if said.command.program in ("export", "env") else ())]
        options = [found.groups() for word in said.command.arguments if (found := _OPTION.fullmatch(word))]
        pairs = [word.partition("=")[::2] for word in words] + options
        for name, value in pairs:
            if secret.is_name(name.replace("-", "_")) and secret.is_literal(value) and "$(" not in value:
                yield Hit(
                    f"{said.who} holds the value of {name}", said.origin, "low" if secret.is_default(value) else ""
                )
