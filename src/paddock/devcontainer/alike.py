"""When two Features are the same, and which of two comes first, as the reference CLI compares them."""

from __future__ import annotations

from paddock.devcontainer import collation
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from paddock.devcontainer.model import FeatureUse, Text
    from paddock.devcontainer.references import Reference

    Scalar = str | int | float | bool | None


@frozen
class Facts:
    """What a Feature says of others; all empty for one that is unknown.

    `aliases` are its id and all that it once had. `digest` is that of its contents, where a lock file says it.
    """

    depends_on: tuple[FeatureUse, ...] = ()
    installs_after: tuple[Text, ...] = ()
    aliases: tuple[str, ...] = ()
    digest: str = ""


@frozen
class Installation:
    """One installation of a Feature: who asks for it and how, its reference taken apart, and what it says of others."""

    use: FeatureUse
    reference: Reference
    facts: Facts

    @property
    def contents(self) -> str:
        """What stands for its contents: their digest, or what was asked for, where nobody says what that is today."""
        return self.facts.digest or self.reference.digest or f"{self.reference.resource}:{self.reference.tag}"

    @property
    def options(self) -> Mapping[str, Scalar]:
        """Its options by name."""
        return {one.name: one.value for one in self.use.options}

    @property
    def key(self) -> object:
        """Equal for two that are one installation: the same contents with the same options."""
        kept = sorted((name, type(value).__name__, str(value)) for name, value in self.options.items())
        return self.reference.kind, self.contents, tuple(kept)


def is_of(here: Reference, wanted: Reference, aliases: Collection[str] = ()) -> bool:
    """Whether `here` is a version of the Feature that is wanted, whose ids were or are `aliases`."""
    return here.kind == wanted.kind and here.resource in resources(wanted, aliases)


def resources(wanted: Reference, aliases: Collection[str] = ()) -> set[str]:
    """What versions of the Feature that is wanted may be called there."""
    place = wanted.resource.rpartition("/")[0]
    return {wanted.resource, *(f"{place}/{alias}" for alias in aliases if wanted.kind == "registry")}


def compare(left: Installation, right: Installation) -> int:
    """The order within a round: less than, equal to or more than 0."""
    one, other = left.reference, right.reference
    if one.kind != other.kind:
        return collation.compare(left.use.reference, right.use.reference)
    if one.kind != "registry":
        return collation.compare(one.resource, other.resource) or _by_options(left, right)
    if left.key == right.key:
        return 0
    return (
        _by_resource(left, right)
        or (collation.compare(one.tag, other.tag) if one.tag and other.tag else 0)
        or _by_options(left, right)
        or collation.compare(left.contents, right.contents)
    )


def _by_resource(left: Installation, right: Installation) -> int:
    """By host and namespace, then by id; two that ever had a common id there are one Feature."""
    places = [one.reference.resource.rpartition("/")[0] for one in (left, right)]
    if places[0] != places[1]:
        return collation.compare(*places)
    ids = [set(one.facts.aliases) or {one.reference.id} for one in (left, right)]
    return 0 if ids[0] & ids[1] else collation.compare(left.reference.id, right.reference.id)


def _by_options(left: Installation, right: Installation) -> int:
    """Fewer options first, then by their names and values in the order of the names; texts and switches only."""
    first, second = sorted(left.options.items()), sorted(right.options.items())
    if len(first) != len(second):
        return len(first) - len(second)
    for (name, value), (other_name, other) in zip(first, second, strict=True):
        found = collation.compare(name, other_name) or _by_value(value, other)
        if found:
            return found
    return 0


def _by_value(left: Scalar, right: Scalar) -> int:
    if isinstance(left, str) and isinstance(right, str):
        return collation.compare(left, right)
    if isinstance(left, bool) and isinstance(right, bool):
        return left - right
    return 0
