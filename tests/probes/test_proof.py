from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.probes import proof as module
from paddock.probes.proof import VERDICTS, Proof, as_data, from_data
from tests.probes.proofs import any_proofs, proof, row

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(VERDICTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(any_proofs)
def test_a_proof_survives_json(made: Proof) -> None:
    assert from_data(json.loads(json.dumps(as_data(made)))) == made


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where in such data something stands that `from_data` reads."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    found = [path] if path else []
    return found + [place for key, value in inner for place in places(value, (*path, key))]


SAMPLE = as_data(proof(row("FS-02", evidence=("seen",)), facts={"seccomp": "2"}, trouble=("it was disturbed",)))
READ = [place for place in places(SAMPLE) if place[0] not in ("passed", "counts")]


@pytest.mark.parametrize("wrong", [None, 7, {}, [], [3], {"a": 3}], ids=repr)
@pytest.mark.parametrize("place", READ, ids=lambda place: ".".join(map(str, place)))
def test_a_wrong_value_is_refused_wherever_it_stands(place: tuple[str | int, ...], wrong: object) -> None:
    data = json.loads(json.dumps(SAMPLE))
    inner = data
    for step in place[:-1]:
        inner = inner[step]
    before = inner[place[-1]]
    inner[place[-1]] = wrong
    empty_is_fine = (wrong == [] and isinstance(before, list)) or (wrong == {} and place[-1] in ("facts", "versions"))
    if empty_is_fine or (wrong == 7 and place == ("seconds",)):
        from_data(data)
        return
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_data(data)


@given(JSON, st.sampled_from(READ))
def test_any_value_anywhere_is_read_or_refused(value: Any, place: tuple[str | int, ...]) -> None:
    data = json.loads(json.dumps(SAMPLE))
    inner = data
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    try:
        found = from_data(data)
    except (ValueError, KeyError, TypeError):
        return
    assert from_data(json.loads(json.dumps(as_data(found)))) == found
    assert module.as_data(found)["passed"] <= (found.complete and not found.broken)


@given(JSON)
def test_data_that_is_no_proof_is_refused(data: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_data(data)


def test_a_row_that_comes_twice_is_refused() -> None:
    data = as_data(proof(row("FS-02"), row("FS-02", "breached")))
    with pytest.raises(ValueError):
        from_data(data)


@pytest.mark.parametrize("missing", [name for name in as_data(proof()) if name not in ("passed", "counts")])
def test_a_field_that_is_missing_is_refused(missing: str) -> None:
    data = as_data(proof())
    del data[missing]
    with pytest.raises(KeyError):
        from_data(data)


class TestPassed:
    def test_nothing_broken_and_complete(self) -> None:
        assert proof(row("FS-02"), row("OK-01", "works")).passed

    @pytest.mark.parametrize("verdict", ["breached", "fails"])
    def test_not_with_a_broken_row(self, verdict: str) -> None:
        made = proof(row("FS-02"), row("FS-03", verdict))
        assert not made.passed
        assert [it.id for it in made.broken] == ["FS-03"]

    @pytest.mark.parametrize("verdict", ["unproven", "skipped", "not-applicable", "fact", "open"])
    def test_not_where_nothing_was_shown(self, verdict: str) -> None:
        assert not proof(row("FS-02", verdict)).passed
        assert not proof().passed

    def test_not_where_nothing_shows_a_promise_that_nobody_can_do_without(self) -> None:
        assert not proof(row("FS-02"), row("NW-01", "unproven", promise="network")).passed

    def test_not_where_the_run_cannot_be_believed(self) -> None:
        assert not proof(row("FS-02"), complete=False).passed


def test_counts_come_in_the_order_of_a_report() -> None:
    made = proof(row("FS-02"), row("FS-03", "skipped"), row("FS-04", "breached"), row("FS-05"))
    assert list(made.counted().items()) == [("breached", 1), ("skipped", 1), ("held", 2)]
