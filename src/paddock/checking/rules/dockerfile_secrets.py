"""DC701, DC703, DC706, DC707: secrets in a Dockerfile, which stay in the image's history for whoever has it."""

from __future__ import annotations

from paddock.checking.facts import dockerfiles, secret
from paddock.checking.findings import Hit
from paddock.checking.rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.model import Effective


@rule("DC701")
def variables(effective: Effective, _: Context) -> Iterator[Hit]:
    """ENV with a secret's name and value."""
    for name, value, source in dockerfiles.assigned(effective, "ENV"):
        if secret.is_name(name) and secret.is_literal(value):
            severity = "low" if secret.is_default(value) else ""
            yield Hit(f"{name} has its value in the Dockerfile", source, severity)


@rule("DC703")
def arguments(effective: Effective, _: Context) -> Iterator[Hit]:
    """ARG with a secret's name: its value is in the history, wherever it comes from."""
    for name, value, source in dockerfiles.assigned(effective, "ARG"):
        if secret.is_name(name):
            literal = secret.is_literal(value)
            message = f"{name} has a default in the Dockerfile" if literal else f"{name} is given as a build argument"
            yield Hit(message, source, "low" if literal and secret.is_default(value) else "")


@rule("DC706")
def tokens(effective: Effective, _: Context) -> Iterator[Hit]:
    """A token's form anywhere."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfile.listing.instructions:
            for what, start, end in secret.forms(one.text):
                yield Hit(f"{what} stands in the Dockerfile", dockerfile.source(one.place_of(start, end), one.name))
            for heredoc in one.heredocs:
                for what, _start, _end in secret.forms(heredoc.text):
                    yield Hit(f"{what} stands in the Dockerfile", dockerfile.source(heredoc.place, one.name))


@rule("DC707")
def addresses(effective: Effective, _: Context) -> Iterator[Hit]:
    """A password in an address."""
    for dockerfile in dockerfiles.every(effective):
        for one in dockerfile.built():
            for found in secret.passwords(one.text):
                start = one.text.index(f":{found}@") + 1
                source = dockerfile.source(one.place_of(start, start + len(found)), one.name)
                yield Hit("an address holds a password", source, "low" if secret.is_default(found) else "")
