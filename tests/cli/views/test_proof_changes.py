from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from paddock.cli import style
from paddock.cli.views import proof_changes
from paddock.frozen import replace
from paddock.probes.comparing import compare
from tests.probes.proofs import SUBJECT, any_proofs, proof, row

if TYPE_CHECKING:
    from paddock.probes.proof import Proof


def test_the_worse_first_and_what_differs() -> None:
    old = proof(row("FS-02"), row("FS-03", "breached"), row("FS-04"))
    new = proof(
        row("FS-02", "breached", evidence=("read it",)),
        row("FS-03"),
        row("FS-04"),
        subject=replace(SUBJECT, kernel="6.2"),
    )
    assert (
        proof_changes.text(compare(old, new), "bubblewrap")
        == """\
bubblewrap: 1 verdicts are the same, 2 are not
worse   FS-02: held -> breached   the title of FS-02
        read it
better  FS-03: breached -> held   the title of FS-03
differs kernel: 6.1.0 -> 6.2
Worse than before.
"""
    )


def test_a_run_that_was_disturbed_is_said() -> None:
    text = proof_changes.text(compare(proof(), proof(complete=False)), "bubblewrap")
    assert "it was disturbed" in text
    assert text.endswith("Worse than before.\n")


@given(any_proofs, any_proofs)
def test_any_two_print_and_obey_nobody(old: Proof, new: Proof) -> None:
    text = proof_changes.text(compare(old, new), new.subject.against)
    assert all(character == "\n" or style.plain(character) == character for character in text)
