"""Which of the files with secrets are offered to be masked. Pure."""

from __future__ import annotations

from paddock.preflight import names
from paddock.preflight.findings import SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.preflight.findings import Finding, Report


def offered(report: Report, masked: Collection[str]) -> tuple[str, ...]:
    """The paths to offer, each once, in order. `masked` are paths, relative as they are, that a mask covers already."""
    paths = (finding.path for finding in report.of(*SECRETS) if not reason(finding, masked))
    return tuple(dict.fromkeys(sorted(paths)))


def reason(finding: Finding, masked: Collection[str]) -> str:
    """Why a secret's file is not offered; nothing where it is."""
    path = finding.path
    if is_masked(path, masked):
        return "masked already"
    if names.in_git(path):
        return "git needs it: take the secret out"
    if names.in_package(path):
        return "part of a package"
    if names.is_code(path):
        return "code, which would be empty inside: take the secret out"
    return "perhaps none" if finding.certainty == "low" else ""


def is_masked(path: str, masked: Collection[str]) -> bool:
    """Whether a path, or a directory above it, is masked."""
    parts = path.split("/")
    return any("/".join(parts[:length]) in masked for length in range(1, len(parts) + 1))
