"""One rule of the catalogue, as data."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.hazard import Severity


@frozen
class Rule:
    """What is dangerous and why. A rule has patterns of paths, or is a shape that the code knows by its name.

    `content` says how old and new content are compared: one of `contents.CONTENTS`. Of a format with names, `keys`
    are the entries that matter (none: all), less `harmless`; `addresses` matter where their value is one;
    `restrains` matter when they are taken away. `deleted` says why the deletion of the file matters, where it does.
    `firm`: from the floor, so that only the floor's own allowances count.
    """

    name: str
    family: str
    severity: Severity
    why: str
    patterns: tuple[str, ...] = ()
    content: str = "any"
    keys: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    restrains: tuple[str, ...] = ()
    deleted: str = ""
    reference: str = ""
    firm: bool = False
