from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from paddock import egress, live
from paddock.frozen import replace
from paddock.plan.model import Bound, Credential, Network, Rule
from paddock.policy.model import Origin
from tests.boundary.plans import plan_for

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin("flag", "--allow")
CREDENTIAL = Credential("one", "env:KEY", "bearer", (Bound("a.test", 443),), ("KEY",), ORIGIN)


@pytest.mark.parametrize(
    ("rules", "credentials", "ends"),
    [
        ((), (), False),
        ((Rule("a.test", 443, ORIGIN),), (), False),
        ((Rule("a.test", 443, ORIGIN, methods=("GET",)),), (), True),
        ((Rule("a.test", 443, ORIGIN, paths=("/v1/*",)),), (), True),
        ((Rule("a.test", 443, ORIGIN),), (CREDENTIAL,), True),
        ((Rule("127.0.0.1", 8080, ORIGIN, upstream="https://a.test:443", loopback=True),), (CREDENTIAL,), False),
    ],
)
def test_tls_ends_in_the_gateway_where_it_has_to_read(
    rules: tuple[Rule, ...], credentials: tuple[Credential, ...], ends: bool
) -> None:
    plan = replace(plan_for("/w/repo"), network=Network("allow", rules, ORIGIN), credentials=credentials)
    assert egress.terminates(plan) is ends


def test_the_place_of_trust_can_be_read_inside_and_lies_where_only_the_person_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    own = live.claim("here", exact=True)
    made = egress.make_place_of_trust(own)
    assert made == egress.place_of_trust(own) == f"{own.directory}/trust"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "paddock/live/here/trust", tmp_path / "paddock")]
    assert modes == [0o755, 0o700]
    own.remove()
    assert not (tmp_path / "paddock/live/here").exists()
