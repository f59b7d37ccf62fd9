"""Hazards need a word, and hold back nothing but themselves."""

from __future__ import annotations

import shutil

import pytest

from paddock.workspace.applying import verdicts
from paddock.workspace.applying.consent import Consent
from paddock.workspace.hazard import Hazard
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge
from tests.capabilities import needs
from tests.workspace.overlays import tree

pytestmark = needs("overlay")


class Names:
    """A judge of names: whatever is called bad is bad."""

    def __init__(self, *_: object) -> None:
        pass

    def hazards(self, change):
        name = change.path.rpartition("/")[2]
        return (Hazard(f"rule-{name}", "git" if name == "bad" else "shell", "high", f"{name} runs", (f"+{name}",)),) * (
            name in ("bad", "worse")
        )

    def written(self, change, content):
        return self.hazards(change)


def judged(upper: int, lower: int) -> Judge:
    return Judge(catalogue.load(), upper, lower)


def kinds(report) -> dict[str, str]:
    return {problem.path: problem.kind for problem in report.problems}


def plant(inside) -> None:
    for place in ("", "dir"):
        (inside / place).mkdir(exist_ok=True)
        for name in ("bad", "worse", "good"):
            (inside / place / name).write_text(name)


@pytest.mark.parametrize(
    ("consent", "left"),
    [
        (Consent(), {"bad", "worse", "dir/bad", "dir/worse"}),
        (Consent(names=frozenset(["git"])), {"worse", "dir/worse"}),
        (Consent(names=frozenset(["rule-worse"])), {"bad", "dir/bad"}),
        (Consent(names=frozenset(["git", "shell"])), set()),
        (Consent(paths=frozenset(["dir/bad"])), {"bad", "worse", "dir/worse"}),
        (Consent(everything=True), set()),
    ],
)
def test_a_hazard_is_applied_only_with_a_word_for_its_class_rule_or_path(lab, consent, left) -> None:
    lab.run(plant)
    report = lab.apply(judge=Names, consent=consent)
    assert kinds(report) == dict.fromkeys(left, "hazard")
    assert set(tree(lab.repository)) == {
        name.encode() for name in {"dir", "bad", "worse", "good", "dir/bad", "dir/worse", "dir/good"} - left
    }
    assert report.remaining is bool(left)


def test_the_report_names_class_rule_reason_and_evidence(lab) -> None:
    lab.run(plant)
    problem = next(problem for problem in lab.apply(judge=Names).problems if problem.path == "bad")
    assert problem.reason == "bad runs"
    assert [(hazard.family, hazard.name, hazard.evidence) for hazard in problem.hazards] == [
        ("git", "rule-bad", ("+bad",))
    ]


def test_a_dry_run_judges_too(lab) -> None:
    lab.run(plant)
    assert lab.apply(judge=Names, dry_run=True).problems == lab.apply(judge=Names).problems


def test_a_directory_that_is_itself_a_hazard_keeps_what_is_in_it(lab) -> None:
    def work(inside) -> None:
        (inside / "bad" / "sub").mkdir(parents=True)
        (inside / "bad" / "sub" / "good").write_text("x")
        (inside / "good").write_text("x")

    lab.run(work)
    report = lab.apply(judge=Names)
    assert kinds(report) == dict.fromkeys(["bad", "bad/sub", "bad/sub/good"], "hazard")
    assert report.applied == ("good",)


def test_a_deleted_directory_stays_for_the_hazard_in_it_and_that_is_no_conflict(lab) -> None:
    lab.write(dir__bad="x", dir__sub__bad="x", dir__good="x", other__good="x")
    lab.run(lambda inside: [shutil.rmtree(inside / name) for name in ("dir", "other")])
    report = lab.apply(judge=Names)
    assert kinds(report) == dict.fromkeys(["dir/bad", "dir/sub/bad", "dir/sub", "dir"], "hazard")
    assert {problem.reason for problem in report.problems if problem.path in ("dir", "dir/sub")} == {
        verdicts.HOLDS_HAZARD
    }
    assert sorted(tree(lab.repository)) == [b"dir", b"dir/bad", b"dir/sub", b"dir/sub/bad"]


def test_a_hazard_is_not_overridden_by_force_nor_by_a_merge(lab) -> None:
    lab.write(bad="one\ntwo\nthree\nfour\n")
    lab.run(lambda inside: (inside / "bad").write_text("one\ntwo\nthree\n4\n"))
    lab.write(bad="1\ntwo\nthree\nfour\n")
    report = lab.apply(judge=Names, force=("bad",), merge=("bad",))
    assert kinds(report) == {"bad": "hazard"}
    report = lab.apply(judge=Names, consent=Consent(names=frozenset(["git"])))
    assert kinds(report) == {"bad": "conflict"}, "and a word for the hazard is none for the conflict"


def test_a_link_that_leads_out_is_a_hazard_that_either_word_takes(lab) -> None:
    def work(inside) -> None:
        (inside / "one").symlink_to("/etc")
        (inside / "two").symlink_to("/etc")
        (inside / "in").symlink_to("one")

    lab.run(work)
    assert kinds(lab.apply(judge=judged)) == {"one": "hazard", "two": "hazard"}
    assert lab.apply("one", judge=judged, links=True).applied == ("one",)
    assert lab.apply("two", judge=judged, consent=Consent(names=frozenset(["shape-link-out"]))).applied == ("two",)


def test_the_catalogue_holds_what_it_knows_and_lets_the_rest_through(lab) -> None:
    lab.write(**{"package.json": '{"name": "x", "version": "1"}\n'})

    def work(inside) -> None:
        (inside / ".envrc").write_text("export A=1\n")
        (inside / ".vscode").mkdir()
        (inside / ".vscode" / "tasks.json").write_text('{"tasks": []}')
        (inside / ".vscode" / "notes.txt").write_text("fine")
        (inside / "package.json").write_text('{"name": "x", "version": "2"}\n')
        (inside / "src").mkdir()
        (inside / "src" / "main.c").write_text("int main;\n")

    lab.run(work)
    report = lab.apply(judge=judged)
    assert {".envrc", ".vscode/tasks.json"} <= set(kinds(report))
    assert {"package.json", "src/main.c"} <= set(report.applied)
    assert not (lab.repository / ".envrc").exists()
