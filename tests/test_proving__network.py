"""`prove --only network` with policies of people: off, allowing, publishing, denying."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paddock import proving
from paddock.proving import Wanted, prove, without_published
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

# One of each kind. The scenarios have tests of their own.
FEW = (
    "NW-01 host-loopback-tcp",
    "NW-06 through-the-gateway",
    "NW-06 allowed-by-urllib",
    "NW-12 names-of-the-policy",
    "NW-19 nul-in-hostname",
    "NW-20 suffix-confusion",
    "NW-26 other-service",
    "NW-27 redirect-out",
    "NW-30 scan-of-the-block",
    "NW-46 refusals-are-told",
)
ALLOWS = '[network]\nmode = "allow"\nallow = ["api.example.test", "*.wild.example.test"]\n'


@pytest.fixture
def environ(person: Person, tmp_path: Path) -> dict[str, str]:
    return {**person.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def proved(repo: Path, environ: dict[str, str], tmp_path: Path, policy: str, *more: str) -> Proof:
    tried = tmp_path / "tried.toml"
    tried.write_text(policy)
    return prove(str(repo), Wanted(policy=str(tried), only=(*FEW, *more)), environ)


def verdicts(proof: Proof) -> dict[str, str]:
    return {row.id: row.verdict for row in proof.rows}


def unshown(proof: Proof) -> dict[str, str]:
    return {row.id: row.reason for row in proof.rows if row.verdict in ("unproven", "skipped", "breached", "fails")}


def test_with_the_network_off_nothing_is_reached_and_there_is_no_gateway(
    repo: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    proof = proved(repo, environ, tmp_path, '[network]\nmode = "off"\n')
    assert unshown(proof) == {}
    assert proof.passed
    assert proof.subject.added == ""
    found = verdicts(proof)
    assert (found["NW-06 through-the-gateway"], found["NW-20 suffix-confusion"]) == ("held", "not-applicable")
    reasons = {row.reason for row in proof.rows if row.promise == "gateway"}
    assert reasons == {"the plan has no network (repository paddock.toml:2)"}


def test_with_names_allowed_the_gateway_is_attacked_at_a_service_of_the_ground(
    repo: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    proof = proved(repo, environ, tmp_path, ALLOWS)
    assert unshown(proof) == {}
    assert proof.passed
    assert proof.subject.added == "one rule, for a service of the made-up person's machine"
    found = verdicts(proof)
    assert found["NW-06 through-the-gateway"] == "allowed"
    assert found["NW-26 other-service"] == found["NW-20 suffix-confusion"] == "held"
    assert found["NW-06 allowed-by-urllib"] == found["NW-46 refusals-are-told"] == "works"
    (named,) = (row for row in proof.rows if row.id == "NW-12 names-of-the-policy")
    assert "api.example.test:443 (repository paddock.toml:3)" in named.reason
    assert sorted(text.split(":")[0] for text in named.evidence) == [
        "reached the name api.example.test", "reached the name paddock-probe.wild.example.test",
    ]  # fmt: skip


def test_a_policy_that_allows_a_whole_domain_of_examples_breaks_nothing(
    repo: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """What the probes of the record ask for must be refused, whatever the person allows."""
    tried = tmp_path / "tried.toml"
    tried.write_text('[network]\nmode = "allow"\nallow = ["*.example.test", "*.rules.test"]\n')
    only = ("NW-46 refusals-are-told", "NW-46 network-record-complete", "AP-08 deny-wins", "AP-11 record-complete")
    found = verdicts(prove(str(repo), Wanted(policy=str(tried), only=only), environ))
    assert {row: found[row] for row in only} == dict(zip(only, ("works", "held", "held", "held"), strict=True))


def test_published_ports_answer_and_do_not_keep_the_other_runs_from_starting(
    repo: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    from paddock.probes.scenarios.network import free_port

    port = free_port()
    proof = proved(repo, environ, tmp_path, f"{ALLOWS}publish = [\n  {port},\n]\n", "NW-44 published-ports")
    assert unshown(proof) == {}
    (row,) = (row for row in proof.rows if row.id == "NW-44 published-ports")
    assert (row.verdict, row.evidence) == ("allowed", (f"reached 127.0.0.1:{port}",))
    assert f"port {port} inside at 127.0.0.1:{port} (repository paddock.toml:5)" in row.reason


def test_where_the_policy_denies_our_service_nothing_is_claimed_of_the_gateway(
    repo: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    proof = proved(repo, environ, tmp_path, f'{ALLOWS}deny = ["host"]\n')
    assert unshown(proof) == {}
    assert verdicts(proof)["NW-19 nul-in-hostname"] == "not-applicable"
    assert verdicts(proof)["NW-12 names-of-the-policy"] == "allowed"


def test_a_gateway_that_compares_the_ends_of_names_is_noticed(
    repo: Path, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        "from paddock.policy import matching\n"
        "matching.fits = lambda pattern, name: name.endswith(pattern)\n"
        "from paddock.cli.main import main\nmain()\n"
    )
    monkeypatch.setattr(proving, "_PADDOCK", (sys.executable, "-I", str(launcher)))
    proof = proved(repo, environ, tmp_path, ALLOWS)
    assert verdicts(proof)["NW-20 suffix-confusion"] == "breached"
    assert not proof.passed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"[network]\npublish = [3000]\ndeny = []\n", b"[network]\n\ndeny = []\n"),
        (b"[network]\npublish = [\n 1, # one\n 2,\n]\nmode = 'off'\n", b"[network]\n\n\n\n\nmode = 'off'\n"),
        (b"[network]\nmode = 'off'\n", b"[network]\nmode = 'off'\n"),
    ],
)
def test_published_ports_are_taken_out_and_all_else_stays_in_its_line(before: bytes, after: bytes) -> None:
    assert without_published(before).split(b"\n") == [line or b"" for line in after.split(b"\n")]


@pytest.mark.parametrize(
    "raw",
    [
        b"network = { publish = [3000] }\n",  # another way to write it
        b"[network]\npublish = ['a]b', 1]\n",
        b"[other]\npublish = [3000]\n",  # not the network's
        b'note = """\npublish = [3000]\n"""\n[network]\npublish = [1]\n',
        b'{"customizations": {}}',
        b"\xff[network]\npublish = [1]\n",
    ],
)
def test_what_cannot_be_taken_out_for_certain_stays(raw: bytes) -> None:
    assert without_published(raw) == raw
