"""Sizes, as the reference CLI reads them."""

from __future__ import annotations

import pytest

from paddock.devcontainer.requirements import size


@pytest.mark.parametrize(
    ("text", "amount"),
    [("8gb", 8 << 30), ("512mb", 512 << 20), ("1kb", 1024), ("2tb", 2 << 40), ("100", 100), ("8GB", None), ("8g", None),
     ("1.5gb", None), ("", None), ("٣gb", None), ("-1gb", None)],
)  # fmt: skip
def test_a_size_is_lower_case_whole_and_binary(text: str, amount: int | None) -> None:
    assert size(text) == amount
