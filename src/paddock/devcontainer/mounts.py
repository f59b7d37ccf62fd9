"""What the reference CLI and an engine really make of a mount that is asked for.

A text goes to `--mount` unchanged, where the engine reads it as one line of CSV (docker-run(1), podman-run(1)). Of the
object form the CLI passes type, source and target and drops all else, `readonly` too. With compose it passes
`source:target` of both forms, and nothing more. What is joined is not quoted: a target of `/x,readonly` is read-only.
"""

from __future__ import annotations

from paddock.devcontainer import runvalues
from paddock.devcontainer.model import Mount
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.source import Source

_NAMES = {"src": "source", "destination": "target", "dst": "target", "ro": "readonly"}
# strconv.ParseBool of Go, in which both engines are written
_TRUE = frozenset(["", "1", "t", "T", "TRUE", "true", "True"])
_FALSE = frozenset(["0", "f", "F", "FALSE", "false", "False"])
PARTS = ("type", "source", "target")  # all that counts of the object form


def of_text(text: str, origin: Source, raw: str = "") -> Mount:
    """A mount in the syntax of `--mount`. `raw` is the text before variables were substituted."""
    parts = [_part(field) for field in fields(text)]
    known = dict(parts)  # the last of several wins, in both engines
    asked = [value for name, value in parts if name == "readonly"]
    read_only = bool(asked) and asked[-1] not in _FALSE
    return Mount(
        known.get("type", "volume"),
        known.get("source", ""),
        known.get("target", ""),
        read_only,
        read_only,
        tuple(part for part in parts if part[0] not in ("type", "source", "target", "readonly")),
        raw or text,
        origin,
    )


def wrong(text: str) -> str:
    """Why an engine would refuse the text of a mount; empty where it would not."""
    parts = [_part(field) for field in fields(text)]
    known = dict(parts)
    if not known.get("target"):
        return "a mount needs a target"
    if known.get("type", "volume") == "bind" and not known.get("source"):
        return "a bind mount needs a source"
    bad = [value for name, value in parts if name == "readonly" and value not in _TRUE | _FALSE]
    return f"`readonly` is true or false, not `{bad[0]}`" if bad else ""


def of_object(node: Node, values: dict[str, str], origin: Source) -> Mount:
    """The object form: `values` are its texts, substituted. Read-only is what the joined text comes to."""
    joined = text_of(values)
    made = of_text(joined, origin)
    asked = any(
        member.key.lower() in ("readonly", "ro", "read_only") and member.node.value not in (False, None, "false")
        for member in node.counting()
    )
    return replace(made, asked_read_only=made.read_only or asked)


def text_of(values: dict[str, str]) -> str:
    """What the CLI makes of type, source and target; what is missing is `undefined`, as JavaScript writes it."""
    source = f"src={values['source']}," if values.get("source") else ""
    return f"type={values.get('type', 'undefined')},{source}dst={values.get('target', 'undefined')}"


def with_compose(mount: Mount) -> Mount:
    """The same mount where a compose file is used: `source:target`, so a tmpfs too becomes a volume on disk."""
    kind = "bind" if runvalues.is_path(mount.source) else "volume"
    return replace(mount, kind=kind, read_only=False, options=())


def fields(text: str) -> tuple[str, ...]:
    """The first line of a CSV text: commas in double quotes part nothing, two double quotes are one."""
    import csv
    import io

    try:
        return tuple(next(csv.reader(io.StringIO(text, newline="")), ("",)))
    except csv.Error:  # the engine refuses it; what it says is shown all the same
        return tuple(text.split(","))


def _part(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    name = name.strip().lower()
    return _NAMES.get(name, name), value
