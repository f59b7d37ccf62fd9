from __future__ import annotations

from paddock.frozen import replace
from paddock.probes.reports.fixes import fix
from tests.probes.proofs import SUBJECT, proof, row

BROKEN = row("FS-02", "breached")


def test_the_rows_own_fix_comes_first() -> None:
    assert fix(proof(), replace(BROKEN, fix="do this")) == "do this"


def test_without_one_the_sandbox_decides() -> None:
    other = proof(subject=replace(SUBJECT, boundary="", against="firejail"))
    weak = proof(subject=replace(SUBJECT, boundary="landlock"))
    assert "option of that sandbox" in fix(other, BROKEN)
    assert "--boundary bubblewrap" in fix(weak, BROKEN)
    assert "SECURITY.md" in fix(proof(), BROKEN)
    assert "paddock explain" in fix(proof(), row("OK-01", "fails"))
