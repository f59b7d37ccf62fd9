"""A run where a proof is asked for: it starts with one that covers it, and with no other."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from paddock import planning, sources
from paddock.probes.proof import Proof, Row, Subject
from paddock.proofs import requiring, store
from paddock.proofs.envelope import seal
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

ROW = Row("FS-02 home-canary-read", "files", "A file of the home", "boundary", "high", "outside", "held")


def prove(person: Person, repo: Path, *, verdict: str = "held", days: float = 0, kernel: str = "") -> None:
    """As `paddock prove` keeps one."""
    gathered = sources.gather(str(repo), person.environ)
    trusted = gathered.is_trusted(person.environ)
    policy_hash = planning.policy_hash(gathered, os.path.realpath(repo), trusted=trusted, environ=person.environ)
    now = requiring.here("bubblewrap", ())
    subject = Subject(
        "bubblewrap", "", policy_hash, "", ("memory-total", "process-total"), now.paddock, now.pack, {},
        kernel or now.kernel, "", now.user,
    )  # fmt: skip
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))
    row = Row(**{**vars(ROW), "verdict": verdict})
    store.keep(seal(Proof(subject, stamp, 1, (row,), {}, complete=True), person.environ), person.environ)


def test_a_run_starts_with_a_proof_and_not_without(person: Person, repo: Path) -> None:
    before = person.call("run", "--require-proof", "--", "touch", "ran", cwd=repo)
    assert before.returncode == 126
    assert "nothing was proven yet" in before.stderr
    assert "next  paddock prove" in before.stderr
    prove(person, repo)
    after = person.call("run", "--require-proof=1", "--limit", "wall=1m", "--", "echo", "ran", cwd=repo)
    assert (after.returncode, after.stdout) == (0, "ran\n"), after.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "breached"}, "it failed: FS-02 home-canary-read"),
        ({"days": 31}, "it is 31.0 days old"),
        ({"kernel": "2.6"}, "kernel: 2.6 then"),
    ],
)
def test_what_differs_is_said_and_nothing_has_run(
    person: Person, repo: Path, changes: dict[str, object], said: str
) -> None:
    prove(person, repo, **changes)  # type: ignore[arg-type]
    done = person.call("run", "--require-proof", "--json", "--", "touch", "/tmp/ran", cwd=repo)
    assert done.returncode == 126
    assert '"code": "proof"' in done.stdout
    assert said in done.stdout


def test_flags_that_loosen_need_a_proof_of_their_own(person: Person, repo: Path) -> None:
    prove(person, repo)
    # Mode live has gaps, which are refused first where nobody accepted them.
    accepted = ("--accept", "live-hazards-window", "--accept", "live-protection")
    done = person.call("run", "--require-proof", "--workspace", "live", *accepted, "--", "true", cwd=repo)
    assert done.returncode == 126
    assert "--workspace: workspace.mode live" in done.stderr


def test_the_policy_asks_for_it_in_shells_and_kept_sandboxes_too(person: Person, repo: Path) -> None:
    (person.home / ".config/paddock").mkdir(mode=0o700)
    (person.home / ".config/paddock/policy.toml").write_text('[prove]\nrequire = "30d"\n')
    for words in (("shell",), ("run", "--keep", "--", "true"), ("run", "--", "true")):
        done = person.call(*words, cwd=repo)
        assert done.returncode == 126, words
        assert "policy.toml:2" in done.stderr
    prove(person, repo)
    assert person.call("shell", cwd=repo, stdin="exit 7\n").returncode == 7


def test_an_untrusted_file_can_ask_for_one_and_cannot_take_it_away(person: Person, repo: Path) -> None:
    (repo / "paddock.toml").write_text('[prove]\nrequire = "1d"\n')
    assert person.call("run", "--", "true", cwd=repo).returncode == 126
    prove(person, repo, days=2)
    assert "2.0 days old" in person.call("run", "--", "true", cwd=repo).stderr
    (repo / "paddock.toml").write_text('[prove]\nrequire = "9d"\n')
    (person.home / ".config/paddock").mkdir(mode=0o700)
    (person.home / ".config/paddock/policy.toml").write_text('[prove]\nrequire = "1d"\n')
    done = person.call("run", "--", "true", cwd=repo)
    assert done.returncode == 126
    assert "ignored until you trust this file" not in done.stdout


@pytest.mark.root  # who alone owns a floor
def test_nobody_loosens_what_the_floor_asks_for(
    person: Person, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paddock import state
    from paddock.errors import PolicyError
    from paddock.policy.flags import flags_layer

    floor = tmp_path / "etc/policy.toml"
    floor.parent.mkdir()
    floor.write_text('[prove]\nrequire = "30d"\nat_start = true\n')
    monkeypatch.setattr(state, "FLOOR", str(floor))

    def plan(**given: object) -> float:
        layer = flags_layer(given)
        made = planning.make_plan(str(repo), ("true",), layer, terminal=False, environ=person.environ, create=False)
        assert made.proving.at_start
        return made.proving.within_s

    assert plan() == 30 * 86400
    assert plan(require_proof="7") == 7 * 86400
    for looser in ("31", "none"):
        with pytest.raises(PolicyError) as caught:
            plan(require_proof=looser)
        assert caught.value.code == "floor"
