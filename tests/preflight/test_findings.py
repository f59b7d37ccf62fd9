from __future__ import annotations

from paddock.preflight import findings
from paddock.preflight.findings import Collection, Finding


def test_all_are_counted_and_only_the_first_of_a_kind_are_kept() -> None:
    collection = Collection()
    for number in range(findings.MOST_OF_A_KIND + 5):
        collection.add(Finding("link-out", f"{number:05}"))
    collection.add(Finding("secret", "a", 3))
    assert [(count.kind, count.number) for count in collection.counts()] == [("secret", 1), ("link-out", 1005)]
    assert len(collection.findings()) == findings.MOST_OF_A_KIND + 1


def test_the_order_is_by_kind_and_place_whatever_came_first() -> None:
    collection = Collection()
    for path, line in (("b", 1), ("a", 9), ("a", 2)):
        collection.add(Finding("secret", path, line))
    assert [(one.path, one.line) for one in collection.findings()] == [("a", 2), ("a", 9), ("b", 1)]
