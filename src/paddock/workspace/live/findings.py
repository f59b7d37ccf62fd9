"""What a live run has found and moved, as a value that is told at its end."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 5


@frozen
class Found:
    """One path that was dangerous: by which hazard, whether its old content is back, and why it could not be moved."""

    path: str
    family: str
    hazard: str
    restored: bool = False
    problem: str = ""


@frozen
class Findings:
    """All of them, or the first, and how many `more`.

    `held` names the change set that has what was moved; `problem` is why there is none.
    """

    found: tuple[Found, ...] = ()
    held: str = ""
    problem: str = ""
    more: int = 0

    @property
    def moved(self) -> tuple[Found, ...]:
        """What is no longer in the repository, under the name that made it dangerous."""
        return tuple(found for found in self.found if not found.problem)


def packed(findings: Findings) -> bytes:
    """For a pipe."""
    import json

    from paddock.frozen import as_data

    return json.dumps(as_data(findings)).encode("ascii")


def unpacked(data: bytes) -> Findings:
    """What `packed` gave. Raises ValueError for anything else."""
    import json

    fields = json.loads(data)
    return Findings(
        tuple(Found(**found) for found in fields["found"]), fields["held"], fields["problem"], fields["more"]
    )


def messages(findings: Findings) -> list[str]:
    """What the person is told. Names in it are unescaped."""
    told = []
    if findings.moved:
        count = len(findings.moved) + findings.more
        restored = sum(found.restored for found in findings.moved)
        back = f"; what stood there before is back ({restored})" if restored else ""
        where = f", and held as {findings.held}" if findings.held else ""
        told.append(
            f"{count} dangerous change{'' if count == 1 else 's'} moved out of the repository{where}: "
            f"{_some([f'{found.path} ({found.hazard})' for found in findings.moved])}{back}"
        )
    if findings.problem:
        told.append(f"what was moved out of the repository is not in a change set yet: {findings.problem}")
    told += [
        f"still in the repository, dangerous: {found.path} ({found.hazard}): {found.problem}"
        for found in findings.found
        if found.problem
    ]
    return told


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
