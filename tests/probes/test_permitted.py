from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock import planning
from paddock.frozen import replace
from paddock.plan.model import Credential, Mount, Variable
from paddock.policy.model import BUILT_IN, Origin
from paddock.probes import permitted
from paddock.probes.catalogue.reading import load
from paddock.probes.expectations import expect
from paddock.probes.judging import Seen, judge
from paddock.probes.running import Answer
from paddock.proving import Wanted, prove
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.plan.model import Plan
    from paddock.probes.proof import Row
    from tests.conftest import Person

PROBES = {probe.id: probe for probe in load(["files", "credentials"])}
LINE = Origin("person", "policy.toml:3")


@pytest.fixture
def plan(person: Person, repo: Path) -> Plan:
    return planning.make_plan(str(repo), ("/bin/sh",), None, terminal=False, environ=person.environ, create=False)


def shown(plan: Plan, *paths: str, origin: Origin = LINE) -> Plan:
    return replace(plan, mounts=(*plan.mounts, *(Mount(path, path, "read", origin) for path in paths)))


def variables(plan: Plan, **values: str) -> Plan:
    return replace(plan, environment=tuple(Variable(name, value, LINE) for name, value in values.items()))


def verdict(name: str, plan: Plan, *reached: str) -> tuple[str, str]:
    probe = PROBES[name]
    control = Seen(Answer(("read it",)))
    row = judge(probe, Seen(Answer(reached)), control, expect(probe, plan), as_root=False)
    return row.verdict, row.reason


class TestFiles:
    def test_a_path_of_the_policys_is_allowed_by_its_line(self, plan: Plan) -> None:
        word, why = verdict("FS-30 host-tmp", shown(plan, "/tmp"), "read /tmp/paddock-probe-1")
        assert word == "allowed"
        assert "policy.toml:3" in why

    def test_what_lies_beside_it_is_still_a_breach(self, plan: Plan) -> None:
        home = plan.person.home
        word, why = verdict("CR-02 aws", shown(plan, f"{home}/.aws"), f"read {home}/.aws/x", f"read {home}/.aws-other")
        assert word == "breached"
        assert ".aws-other" in why

    def test_a_path_that_was_promised_and_is_not_there_fails(self, plan: Plan) -> None:
        assert verdict("FS-31 dev-shm", shown(plan, "/dev/shm"))[0] == "fails"

    def test_what_the_machine_brings_allows_nothing(self, plan: Plan) -> None:
        for origin in (BUILT_IN, Origin("machine", "PATH")):
            assert verdict("FS-30 host-tmp", shown(plan, "/tmp", origin=origin), "read /tmp/x")[0] == "breached"

    def test_names_on_the_way_to_it_may_be_seen_and_no_others(self, plan: Plan, repo: Path) -> None:
        wider = shown(plan, f"{repo.parent}/other/docs")
        assert verdict("FS-05 parent-listing", wider, "saw other")[0] == "allowed"
        assert verdict("FS-05 parent-listing", wider, "saw other", "saw repo-evil")[0] == "breached"
        assert verdict("FS-05 parent-listing", wider)[0] == "held", "a name may be seen, and need not"

    def test_another_path_turns_nothing_round(self, plan: Plan) -> None:
        assert permitted.files(shown(plan, "/srv/data"), PROBES["FS-03 sibling-project-read"]) is None
        assert permitted.files(None, PROBES["FS-30 host-tmp"]) is None


class TestVariables:
    def test_each_probe_looks_for_its_own(self, plan: Plan) -> None:
        wider = variables(plan, MY_SETTING="canary-1", GITHUB_TOKEN="x", DISPLAY=":0", EDITOR="vi")
        found = {name: permitted.variables(wider, PROBES[name]) for name in PROBES if name.startswith("CR-2")}
        assert {name: it.only for name, it in found.items() if it and it.only} == {
            "CR-21 env-canary": ("MY_SETTING",),
            "CR-22 env-secret-names": ("GITHUB_TOKEN",),
            "CR-23 env-ipc-handles": ("DISPLAY",),
        }

    def test_an_allowed_variable_hides_no_leaked_one(self, plan: Plan) -> None:
        wider = variables(plan, MY_SETTING="canary-1")
        assert verdict("CR-21 env-canary", wider, "MY_SETTING")[0] == "allowed"
        assert verdict("CR-21 env-canary", wider, "MY_SETTING", "AWS_SECRET_ACCESS_KEY")[0] == "breached"
        assert verdict("CR-25 pid1-environ", wider, "read the caller's environment")[0] == "open"
        assert verdict("CR-25 pid1-environ", plan, "read the caller's environment")[0] == "breached"

    def test_a_stand_in_may_be_there_and_need_not(self, plan: Plan) -> None:
        bound = replace(plan, credentials=(Credential("x", "env:A_TOKEN", "bearer", (), ("A_TOKEN",), LINE),))
        assert verdict("CR-22 env-secret-names", bound, "A_TOKEN")[0] == "allowed"
        assert verdict("CR-22 env-secret-names", bound)[0] == "held"
        assert verdict("CR-21 env-canary", bound, "A_TOKEN")[0] == "breached", "the secret itself"


@pytest.mark.parametrize(
    ("mode", "task", "attack"),
    [("readonly", "not-applicable", "breached"), ("review", "fails", "allowed"), ("live", "fails", "allowed")],
)
def test_writing_follows_the_mode(plan: Plan, mode: str, task: str, attack: str) -> None:
    there = replace(plan, workspace=replace(plan.workspace, mode=mode, origin=LINE))
    assert expect(PROBES["FS-01 ws-rw"], there).word == ("void" if mode == "readonly" else "works")
    probe = PROBES["FS-01 ws-rw"]
    broken = judge(probe, Seen(Answer(("modes",))), Seen(Answer()), expect(probe, there), as_root=False)
    assert broken.verdict == task
    assert verdict("FS-01 ws-readonly", there, "wrote a new file")[0] == attack


@needs("bubblewrap", "git")
class TestRealPolicies:
    def rows(self, person: Person, repo: Path, policy: str, *only: str) -> dict[str, Row]:
        file = repo.parent / "policy.toml"
        file.write_text(policy)
        found = prove(str(repo), Wanted(policy=str(file), only=only), person.environ)
        assert found.complete, found.trouble
        return {row.id: row for row in found.rows}

    def test_variables_that_are_passed_or_set(self, person: Person, repo: Path) -> None:
        policy = '[environment]\npass = ["MY_SETTING", "DISPLAY"]\nset = { API_KEY = "x" }\n'
        rows = self.rows(person, repo, policy, "CR-21", "CR-22", "CR-23", "CR-02")
        assert {name: row.verdict for name, row in rows.items()} == {
            "CR-02 aws": "held",
            "CR-21 env-canary": "allowed",
            "CR-22 env-secret-names": "allowed",
            "CR-23 env-ipc-handles": "allowed",
        }
        assert "paddock.toml:3" in rows["CR-22 env-secret-names"].reason
        assert rows["CR-22 env-secret-names"].evidence == ("API_KEY",)

    def test_masks_that_a_policy_adds_are_attacked_as_well(self, person: Person, repo: Path) -> None:
        """That the same attacks get through where nothing is masked, their controls show."""
        rows = self.rows(person, repo, '[workspace]\nmask = ["conf/*.key"]\n', "FS-36", "FS-38", "FS-23")
        assert {row.verdict for name, row in rows.items() if name != "FS-36 masks-late"} == {"held"}
        assert all(row.controlled for name, row in rows.items() if name != "FS-36 masks-late")

    @pytest.mark.parametrize(
        ("mode", "verdicts"),
        [
            ("live", ("works", "allowed", "open", "open")),
            ("readonly", ("not-applicable", "held", "held", "held")),
            ("scratch", ("works", "allowed", "held", "held")),
        ],
    )
    def test_modes(self, person: Person, repo: Path, mode: str, verdicts: tuple[str, ...]) -> None:
        names = ("FS-01 ws-rw", "FS-01 ws-readonly", "FS-29 hardlink-preexisting", "FS-40 lower-layer-untouched")
        rows = self.rows(person, repo, f'[workspace]\nmode = "{mode}"\n', *names)
        assert tuple(rows[name].verdict for name in names) == verdicts, rows
