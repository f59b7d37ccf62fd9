"""A Feature's own `devcontainer-feature.json`: its options, and the Features that it needs or follows.

containers.dev/implementors/features, "devcontainer-feature.json properties". What it adds to a container is read as any
other configuration is, by `properties`.
"""

from __future__ import annotations

from paddock.devcontainer import references
from paddock.devcontainer.document import Flaw
from paddock.devcontainer.model import FeatureUse, Option
from paddock.devcontainer.typed import Typed, as_text
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.document import Document, Node
    from paddock.devcontainer.model import Text
    from paddock.devcontainer.source import Source

    Scalar = str | int | float | bool | None

FILE = "devcontainer-feature.json"
_MAIN = "version"  # the option that the short form, `"ID": "1.2"`, is for


@frozen
class Declared:
    """An option: `kind` is string or boolean, `choices` all that it may be (none: any text)."""

    name: str
    kind: str
    default: Scalar
    choices: tuple[str, ...]
    origin: Source


@frozen
class Metadata:
    """What the file says of the Feature itself."""

    id: str
    version: str
    options: tuple[Declared, ...]
    depends_on: tuple[FeatureUse, ...]
    installs_after: tuple[Text, ...]
    legacy_ids: tuple[str, ...]
    deprecated: bool
    flaws: tuple[Flaw, ...]


def read(document: Document, name: str) -> Metadata:
    """`name` is the Feature's reference, for origins. What has the wrong type is a flaw."""
    root, typed = document.root, Typed("feature", name, str)
    texts = {key: typed.text(node, key) for key in ("id", "version") if (node := root.get(key))}
    lists = {key: typed.texts(node, key) for key in ("installsAfter", "legacyIds") if (node := root.get(key))}
    deprecated = root.get("deprecated")
    switch = typed.switch(deprecated, "deprecated") if deprecated else None
    named = {key: text.value for key, text in texts.items() if text}
    return Metadata(
        named.get("id", ""),
        named.get("version", ""),
        tuple(_declared(root.get("options"), typed)),
        tuple(_uses(root.get("dependsOn"), typed)),
        lists.get("installsAfter", ()),
        tuple(one.value for one in lists.get("legacyIds", ())),
        switch is not None and switch.value,
        tuple(typed.flaws),
    )


def _declared(node: Node | None, typed: Typed) -> Iterator[Declared]:
    for one in typed.members(node, "options") if node else ():
        parts = {part.name: part.value for part in typed.options(one.node, "options", one.key) if part.name != "enum"}
        choices = one.node.get("enum")
        yield Declared(
            one.key,
            str(parts.get("type", "string")),
            parts.get("default"),
            tuple(str(choice.value) for choice in (choices.items if choices else ())),
            typed.source(one.node, "options", one.key),
        )


def _uses(node: Node | None, typed: Typed) -> Iterator[FeatureUse]:
    """`dependsOn` has the form of `features`."""
    for one in typed.members(node, "dependsOn") if node else ():
        origin = typed.source(one.node, "dependsOn", one.key)
        options: tuple[Option, ...] = ()
        if one.node.kind == "string":
            options = (Option(_MAIN, one.node.value, origin),)
        elif one.node.kind != "boolean":
            options = typed.options(one.node, "dependsOn", one.key)
        kind = references.parse(one.key).kind
        yield FeatureUse(one.key, "registry" if kind == "short" else kind, options, origin)


def misuses(metadata: Metadata, use: FeatureUse) -> tuple[Flaw, ...]:
    """Options that do nothing, or not what they say: nobody declared them, or their value is none of the choices."""
    declared = {one.name: one for one in metadata.options}
    found = []
    for option in use.options:
        place, known = option.origin.place, declared.get(option.name)
        if place is None or (known is None and option.origin.path == use.origin.path):
            continue
        if known is None:
            found.append(Flaw("unknown-option", f"{use.reference} has no option `{option.name}`", place))
        elif known.choices and as_text(option.value) not in known.choices:
            said = f"`{option.name}` of {use.reference} is one of {', '.join(known.choices)}"
            found.append(Flaw("wrong-value", said, place))
    return tuple(found)
