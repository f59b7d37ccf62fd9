from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.probes.reports import badge
from tests.probes.proofs import MUSTS, any_proofs, proof, row

if TYPE_CHECKING:
    from paddock.probes.proof import Proof

HELD, BROKEN = proof(*MUSTS), proof(row("FS-02", "breached"), row("FS-03"))


@pytest.mark.parametrize(
    ("proofs", "said"),
    [
        ([HELD], "held 3"),
        ([HELD, HELD], "held 6"),
        ([HELD, proof(row("FS-02"))], "held 4 in part"),
        ([proof(*MUSTS, row("FS-03", "skipped"))], "held 3 of 4"),
        ([BROKEN], "broken 1 of 2"),
        ([HELD, BROKEN], "broken 1 of 5"),
        ([proof(row("FS-02"), complete=False)], "unproven"),
        ([], "unproven"),
    ],
)
def test_what_it_says(proofs: list[Proof], said: str) -> None:
    root = ET.fromstring(badge.write(proofs))
    assert root.get("aria-label") == f"paddock prove: {said}"
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["paddock prove", said]


def test_narrow_letters_have_less_room() -> None:
    written = ET.fromstring(badge.write([BROKEN])).iter("{http://www.w3.org/2000/svg}text")
    texts = {it.text: float(it.get("textLength", "")) for it in written}
    assert texts["broken 1 of 2"] < texts["paddock prove"]  # as many letters, and more of them narrow


@given(st.lists(any_proofs, max_size=2))
def test_any_proof_is_a_picture_that_holds_no_text_of_anybody_else(proofs: list[Proof]) -> None:
    root = ET.fromstring(badge.write(proofs))
    assert float(root.get("width", "")) > 100
    for text in root.itertext():
        assert all(character.isalnum() or character.isspace() for character in text.replace(":", ""))


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", sorted({*badge._COLORS.values(), "#3d444d"}))
def test_white_text_can_be_read_on_it(color: str) -> None:
    assert 1.05 / (luminance(color) + 0.05) >= 4.5
