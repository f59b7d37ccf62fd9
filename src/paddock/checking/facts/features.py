"""What is known of the Features that are used."""

from __future__ import annotations

from paddock.devcontainer import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.known_features import Effect
    from paddock.devcontainer.model import Effective, FeatureUse


def effects(effective: Effective) -> Iterator[tuple[FeatureUse, Effect]]:
    """What Features bring that their metadata does not say, as far as their options leave it."""
    for use in effective.features:
        yield from ((use, effect) for effect in features.effects(use))
