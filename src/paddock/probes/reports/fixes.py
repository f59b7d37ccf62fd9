"""What a person does about a broken row. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.proof import Proof, Row


def fix(proof: Proof, row: Row) -> str:
    """The row's own fix, or what there is to do about such a row of such a sandbox."""
    if row.fix:
        return row.fix
    if proof.subject.against:
        return "an option of that sandbox, or: paddock prove, which says whether Paddock's own holds"
    if row.kind == "work":
        return "paddock explain PATH, HOST or VAR says which line of the policy decides"
    if proof.subject.boundary == "landlock":
        return "paddock run --boundary bubblewrap -- COMMAND"
    return "update Paddock, bubblewrap and the kernel; if it stays, report it as SECURITY.md says"
