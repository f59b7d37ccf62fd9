"""By which rules the changes of a repository are reviewed: the catalogue of hazards, with the policy's word on it."""

from __future__ import annotations

import os

from paddock import sources
from paddock.workspace.hazards import catalogue, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.workspace.hazards.catalogue import Rules


def rules_for(repository: str, environ: Mapping[str, str] = os.environ) -> Rules:
    """The rules for a repository, from the host's files. Raises PolicyError.

    A repository's file that nobody trusts adds hazards and allows none (probe PE-21).
    """
    policy = sources.load(repository, None, environ)
    large = policy.hazards_large
    return catalogue.load(
        policy.hazards_add,
        policy.hazards_allow,
        large_bytes=int(large.value) if large else None,
        named=named.read(repository, environ),
    )
