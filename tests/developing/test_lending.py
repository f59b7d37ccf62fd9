"""Which variables of this machine a dev container may put in: those of the policy, and never a secret's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from paddock.developing import lending
from paddock.developing.lending import Lent
from paddock.plan.environment import PASSED
from paddock.policy.credentials import is_secret_name
from paddock.policy.flags import flags_layer

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from(
    ["LANG", "HOME", "USER", "TEAM", "MY_TEAM", "MY_TOKEN", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "PATH"]
)


@given(st.dictionaries(NAMES, st.text()), st.lists(st.sampled_from(["TEAM", "MY_*", "GITHUB_TOKEN", "*"])))
def test_what_is_not_known_passed_or_the_persons_place_is_not_there(environ: dict[str, str], passed: list[str]) -> None:
    lent = Lent(environ, passed)
    for name, value in environ.items():
        meant = name in passed or "*" in passed or ("MY_*" in passed and name.startswith("MY_"))
        may = (name in (*PASSED, "HOME", "USER") or (meant and name != "PATH")) and not is_secret_name(name)
        assert (name in lent) is may
        assert lent.get(name) == (value if may else None)
    assert dict(lent) == {name: environ[name] for name in environ if name not in lent.withheld}
    assert len(lent) == len(dict(lent))


def test_only_what_is_there_and_was_asked_for_is_withheld() -> None:
    lent = Lent({"A": "1", "B": "2"})
    assert lent.get("A") is None
    assert lent.get("MISSING") is None
    assert lent.withheld == {"A"}


def test_the_policy_lends_and_a_repository_that_is_not_trusted_does_not(tmp_path: Path) -> None:
    home, place = tmp_path / "home", tmp_path / "project"
    (home / ".config/paddock").mkdir(parents=True, mode=0o700)
    (home / ".config/paddock/policy.toml").write_text('[environment]\npass = ["MINE"]\n')
    (place / ".git").mkdir(parents=True)
    (place / "paddock.toml").write_text('[environment]\npass = ["THEIRS"]\n')
    environ = {"HOME": str(home), "MINE": "1", "THEIRS": "2", "TYPED": "3", "LANG": "C"}
    assert dict(lending.lent(str(place), None, environ)) == {"HOME": str(home), "LANG": "C", "MINE": "1"}
    assert "TYPED" in lending.lent(str(place), flags_layer({"env": ["TYPED"]}), environ)
