from __future__ import annotations

import pytest

from paddock.checking.files import File
from paddock.checking.reports.regions import Region, marked, region

TEXT = "\ufeffab\r\n\tc{\r\nd}"
FILE = File("f", "dockerfile", b"", TEXT)


@pytest.mark.parametrize(
    ("start", "end", "whole", "first_line"),
    [
        (1, 3, Region(1, 1, 1, 3), Region(1, 1, 1, 3)),
        (7, len(TEXT), Region(2, 3, 3, 3), Region(2, 3, 2, 4)),
        (len(TEXT), len(TEXT), Region(3, 3, 3, 3), Region(3, 3, 3, 3)),
        (3, 5, Region(1, 3, 2, 1), Region(1, 3, 1, 3)),
    ],
)
def test_lines_and_columns_count_from_one_without_the_byte_order_mark(
    start: int, end: int, whole: Region, first_line: Region
) -> None:
    assert (region(FILE, start, end), marked(FILE, start, end)) == (whole, first_line)
