"""The values of a policy."""

from __future__ import annotations

from paddock.policy.model import BUILT_IN, Origin


def test_an_origin_reads_as_who_and_where():
    assert str(BUILT_IN) == "built-in"
    assert str(Origin("flag", "--env")) == "flag --env"
    assert str(Origin("person", "policy.toml:3")) == "person policy.toml:3"
