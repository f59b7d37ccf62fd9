from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace import lines

TEXTS = st.lists(st.sampled_from((b"a\n", b"b\n", b"c\n", b"\n")), max_size=30)


@given(TEXTS, TEXTS)
def test_the_steps_lead_from_old_to_new(old, new) -> None:
    x = y = 0
    for step in lines.steps(old, new):
        assert (step.old_start, step.new_start) == (x, y)
        if step.same:
            assert old[x : step.old_end] == new[y : step.new_end]
        x, y = step.old_end, step.new_end
    assert (x, y) == (len(old), len(new))


@given(TEXTS, TEXTS)
def test_no_diff_of_the_standard_library_is_shorter(old, new) -> None:
    def kept(blocks) -> int:
        return sum(blocks)

    ours = kept(step.old_end - step.old_start for step in lines.steps(old, new) if step.same)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    assert ours >= kept(block.size for block in matcher.get_matching_blocks())


@given(TEXTS, TEXTS)
def test_hunks_hold_every_difference_and_little_else(old, new) -> None:
    groups = list(lines.hunks(old, new))
    different = [(s.old_start, s.old_end, s.new_start, s.new_end) for s in lines.steps(old, new) if not s.same]
    shown = [(s.old_start, s.old_end, s.new_start, s.new_end) for g in groups for s in g if not s.same]
    assert shown == different
    for group in groups:
        assert any(not step.same for step in group)
        for edge in (group[0], group[-1]):
            assert not edge.same or edge.old_end - edge.old_start <= lines.CONTEXT
        for step in group[1:-1]:
            assert not step.same or step.old_end - step.old_start <= 2 * lines.CONTEXT


def test_a_text_made_to_be_slow_is_shown_as_replaced(monkeypatch) -> None:
    monkeypatch.setattr(lines, "FARTHEST", 5)
    old, new = [b"%d\n" % n for n in range(100)], [b"%d\n" % (n * 2 + 1) for n in range(100)]
    (step,) = [step for step in lines.steps([b"x\n", *old], [b"x\n", *new]) if not step.same]
    assert (step.old_start, step.old_end, step.new_start, step.new_end) == (1, 101, 1, 101)
