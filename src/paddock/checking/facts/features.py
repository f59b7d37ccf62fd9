"""What is known of the Features that are used."""

from __future__ import annotations

from paddock.devcontainer import known_features, references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.known_features import Effect, Known
    from paddock.devcontainer.model import Effective, FeatureUse


def known(use: FeatureUse) -> Known | None:
    """What the table knows of a Feature from a registry."""
    return known_features.look_up(references.parse(use.reference)) if use.kind == "registry" else None


def effects(effective: Effective) -> Iterator[tuple[FeatureUse, Effect]]:
    """What Features bring that their metadata does not say, as far as their options leave it."""
    for use in effective.features:
        found = known(use)
        options = {option.name: option.value for option in use.options}
        for effect in found.effects if found else ():
            if effect.takes_place(options):
                yield use, effect
