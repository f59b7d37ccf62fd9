"""Signed proofs as a person types it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from paddock.cli.views import proof_signed
from paddock.errors import Usage
from paddock.frozen import replace
from paddock.proofs import key, store
from paddock.proofs.envelope import seal
from tests.proofs.made_up import HASH, HELD, proof

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof
    from tests.conftest import Person


def written(person: Person, path: Path, found: Proof | None = None) -> dict[str, Any]:
    envelope = seal(found or proof(), person.environ)
    path.write_text(json.dumps(envelope))
    return envelope


def test_the_key_is_printed_and_made_when_it_is_first_asked_for(person: Person, tmp_path: Path) -> None:
    first = person.call("prove", "--key", cwd=tmp_path)
    assert (first.returncode, len(first.stdout)) == (0, 65)
    assert first.stdout.strip() == key.public_key(person.environ)
    shown = json.loads(person.call("prove", "--key", "--json", cwd=tmp_path).stdout)
    assert shown == {"schema": 1, "algorithm": "ed25519", "key": first.stdout.strip()}


def test_a_proof_is_verified_with_this_machines_key_or_the_one_that_is_named(person: Person, tmp_path: Path) -> None:
    written(person, tmp_path / "p.json")
    own = key.public_key(person.environ)
    elsewhere = type(person)(person.home, {"XDG_STATE_HOME": str(tmp_path / "elsewhere")})
    for who, words in ((person, ()), (elsewhere, ("--key", own.upper()))):
        done = who.call("prove", "--verify", "p.json", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"signed by  {own}" in done.stdout
        assert f"policy {HASH[:12]}" in done.stdout
    assert not (tmp_path / "elsewhere/paddock/proofs").exists(), "to verify makes no key"
    data = json.loads(person.call("prove", "--verify", "p.json", "--json", cwd=tmp_path).stdout)
    assert (data["key"], data["passed"], data["proof"]["subject"]["policy_hash"]) == (own, True, HASH)


def test_a_genuine_proof_that_failed_ends_with_1(person: Person, tmp_path: Path) -> None:
    written(person, tmp_path / "p.json", proof(replace(HELD, verdict="breached")))
    done = person.call("prove", "--verify", "p.json", cwd=tmp_path)
    assert (done.returncode, "held       no" in done.stdout) == (1, True)


def test_what_is_not_genuine_is_refused_with_what_why_and_next(person: Person, tmp_path: Path) -> None:
    envelope = written(person, tmp_path / "p.json")
    edited = {**envelope, "proof": {**envelope["proof"], "complete": False}}
    (tmp_path / "edited.json").write_text(json.dumps(edited))
    (tmp_path / "unsigned.json").write_text(json.dumps(envelope["proof"]))
    for words, code in (
        (("--verify", "edited.json"), "proof-signature"),
        (("--verify", "unsigned.json"), "proof-unsigned"),
        (("--verify", "p.json", "--key", "ab" * 32), "proof-key"),
    ):
        done = person.call("prove", *words, "--json", cwd=tmp_path)
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, error["code"]) == (126, code)
        assert error["what"]
        assert error["why"]
        assert error["next"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--verify", "none.json"), "cannot be read"),
        (("--verify", "."), "cannot be read"),
        (("--verify", "p.json", "--key", "short"), "is no key"),
        (("--key", "ab" * 32), "says who must have signed"),
        (("--verify", "p.json", "--only", "files"), "do not go together"),
    ],
)
def test_what_makes_no_sense_is_said(person: Person, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    written(person, tmp_path / "p.json")
    done = person.call("prove", *words, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (125, True), done.stderr


def test_text_in_a_proof_reaches_no_terminal_as_it_is(person: Person, tmp_path: Path) -> None:
    written(person, tmp_path / "p.json", proof(against="evil \x1b]0;title\x07"))
    done = person.call("prove", "--verify", "p.json", cwd=tmp_path)
    assert not set(done.stdout) & {"\x1b", "\x07"}


def test_each_proof_of_the_whole_catalogue_is_kept(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, person.environ[name])
    proof_signed.keep([proof(), proof(boundary="landlock")])
    for boundary in ("bubblewrap", "landlock"):
        found = store.last(HASH, boundary)
        assert found
        assert found.proof == proof(boundary=boundary)
    with pytest.raises(Usage, match="holds one proof"):
        proof_signed.written([proof(), proof()])
    assert json.loads(proof_signed.written([proof()]))["signature"]["key"] == key.public_key()
