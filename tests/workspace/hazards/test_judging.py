"""Changes of real sandboxes, judged: what is found, with which evidence, and what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.policy.model import Origin, Text
from paddock.workspace.change import Change
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.workspace.hazard import Hazard
    from paddock.workspace.hazards.catalogue import Rules
    from tests.workspace.laboratory import Laboratory

    Found = dict[str, dict[str, Hazard]]


def judged(lab: Laboratory, rules: Rules | None = None) -> Found:
    """Hazards by path and name."""
    with lab.trees() as (upper, lower):
        changes = Judge(rules or catalogue.load(), upper, lower).judged(lab.changes())
        return {change.path: {hazard.name: hazard for hazard in change.hazards} for change in changes if change.hazards}


def after(lab: Laboratory, work: Callable[[Path], object], rules: Rules | None = None) -> Found:
    lab.run(work)
    return {} if lab.is_empty else judged(lab, rules)


def names(found: Found) -> dict[str, set[str]]:
    return {path: set(hazards) for path, hazards in found.items()}


def put(root: Path, /, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_ordinary_edits_are_no_hazard(lab):
    lab.write(**{"src__main.py": "print(1)\n", "README.md": "a\n", "old.txt": "x\n"})

    def work(root):
        (root / "src/main.py").write_text("print(2)\n")
        (root / "src/new.py").write_text("# naïve — ok\n")
        (root / "README.md").write_text(
            "# a 👩‍💻 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f, می‌خواهم\n"
        )
        (root / "old.txt").unlink()
        (root / "docs").mkdir()
        (root / "docs/guide.md").symlink_to("../README.md")

    assert after(lab, work) == {}


def test_a_package_json_without_new_scripts_is_no_hazard_and_a_postinstall_is_shown(lab):
    package = {"version": "1.0.0", "scripts": {"test": "jest"}, "dependencies": {"a": "^1"}}
    lab.write(**{"package.json": json.dumps(package), "web__package.json": json.dumps(package)})

    def work(root):
        (root / "package.json").write_text(
            json.dumps({**package, "version": "1.0.1", "dependencies": {"a": "^2"}}, indent=2)
        )
        evil = {**package, "scripts": {"test": "jest", "postinstall": "node evil.js"}}
        (root / "web/package.json").write_text(json.dumps(evil))

    found = after(lab, work)
    assert names(found) == {"web/package.json": {"build-npm"}}
    assert found["web/package.json"]["build-npm"].evidence == ('scripts.postinstall: "node evil.js"',)


def test_what_can_no_longer_be_read_is_a_hazard_and_what_never_could_by_its_changes(lab):
    lab.write(**{"package.json": '{"a": 1}', "web__package.json": "{broken"})

    def work(root):
        (root / "package.json").write_text('{"a": 1')
        (root / "web/package.json").write_text("{broken too")

    found = after(lab, work)
    assert "cannot be read as json" in found["package.json"]["build-npm"].evidence[0]
    assert "web/package.json" in found


def test_a_name_that_is_written_twice_is_shown(lab):
    lab.write(**{"package.json": '{"scripts": {"test": "jest"}}'})
    found = after(
        lab,
        lambda root: (root / "package.json").write_text('{"scripts": {"test": "jest"}, "scripts": {"test": "jest"}}'),
    )
    assert "scripts: written twice" in found["package.json"]["build-npm"].evidence


def test_what_restrains_and_is_taken_away_is_shown(lab):
    lab.write(**{"compose.yml": "services:\n  a:\n    image: b\n    read_only: true\n"})
    found = after(lab, lambda root: (root / "compose.yml").write_text("services:\n  a:\n    image: b\n"))
    assert found["compose.yml"]["container-compose"].evidence == ("taken away: services.a.read_only: true",)


def test_a_nested_repository_brings_its_hooks_and_its_configuration(lab):
    lab.write(**{"README.md": "a\n"})

    def work(root):
        git = root / "vendor/lib/.git"
        (git / "hooks").mkdir(parents=True)
        (git / "objects/ab").mkdir(parents=True)
        (git / "objects/ab/cd").write_text("x")
        (git / "hooks/post-checkout").write_text("#!/bin/sh\nevil\n")
        (git / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tfsmonitor = evil\n")
        (git / "HEAD").write_text("ref: refs/heads/main\n")

    (git,) = after(lab, work).values()
    assert set(git) == {"git-repository", "git-hooks", "git-config"}
    assert "vendor/lib/.git/hooks/post-checkout: evil" in git["git-hooks"].evidence
    assert git["git-config"].evidence == ("vendor/lib/.git/config: core.fsmonitor: evil",)


@pytest.fixture
def repository(lab: Laboratory) -> Laboratory:
    lab.write(**{"a.txt": "a\n"})
    git(lab.repository, "init", "-q")
    git(lab.repository, "add", ".")
    git(lab.repository, "commit", "-qm", "one")
    return lab


def git(where: Path, *words: str) -> None:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.test", "-c", "safe.directory=*")
    subprocess.run(["git", *identity, *words], cwd=where, env=environ, check=True)


def test_commits_branches_and_upstreams_in_the_repository_are_no_hazard(repository):
    def work(root):
        (root / "a.txt").write_text("b\n")
        git(root, "commit", "-qam", "two")
        git(root, "switch", "-qc", "feature")
        git(root, "config", "branch.feature.merge", "refs/heads/feature")
        git(root, "config", "user.email", "b@example.test")
        git(root, "tag", "v1")
        git(root, "stash", "list")

    assert after(repository, work) == {}


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("git-hooks", lambda git: (git / "hooks/pre-push").write_text("evil\n")),
        ("git-hooks", lambda git: (shutil.rmtree(git / "hooks"), (git / "hooks").symlink_to("../evil"))),
        ("git-config", lambda git: (git / "config").write_text((git / "config").read_text() + "[alias]\n\tst = !evil\n")),
        ("git-config", lambda git: (git / "config.worktree").write_text("[core]\n\tfsmonitor = evil\n")),
        ("git-attributes", lambda git: (git / "info/attributes").write_text("* filter=evil\n")),
        ("git-elsewhere", lambda git: (git / "commondir").write_text("/tmp/evil\n")),
        ("git-elsewhere", lambda git: (git / "objects/info/alternates").write_text("/tmp/evil\n")),
        ("git-elsewhere", lambda git: ((git / "refs/replace").mkdir(), (git / "refs/replace/00").write_text("11\n"))),
        ("git-config", lambda git: ((git / "modules/a").mkdir(parents=True), (git / "modules/a/config").write_text("[core]\n\thooksPath = x\n"))),
        ("git-sequence", lambda git: ((git / "rebase-merge").mkdir(), (git / "rebase-merge/git-rebase-todo").write_text("exec evil\n"))),
    ],
)  # fmt: skip
def test_what_git_obeys_in_the_repositorys_own_git_directory(repository, name, work):
    assert names(after(repository, lambda root: work(root / ".git")))[".git"] == {name}


def test_git_taken_away_or_put_in_another_place(repository):
    def work(root):
        os.system(f"mv '{root}/.git' '{root}/.x'")
        (root / ".git/hooks").mkdir(parents=True)
        (root / ".git/hooks/pre-commit").write_text("evil\n")

    found = names(after(repository, work))
    assert found[".git"] == {"git-replaced", "git-hooks"}
    assert "git-bare" in found[".x/HEAD"]
    assert "git-bare" in found[".x/config"]
    assert "git-bare" in found[".x/hooks/pre-commit.sample"]


def test_git_deleted(repository):
    assert names(after(repository, lambda root: shutil.rmtree(root / ".git"))) == {".git": {"git-replaced"}}


@pytest.mark.parametrize("how", ["file", "link"])
def test_a_pointer_to_another_git_directory(lab, how):
    lab.write(a__b="")

    def work(root):
        (root / "a/.git").write_text("gitdir: /tmp/evil\n") if how == "file" else (root / "a/.git").symlink_to("../b")

    found = after(lab, work)
    assert set(found["a/.git"]) == {"git-pointer"}
    assert found["a/.git"]["git-pointer"].evidence[0] in ("gitdir: /tmp/evil", "-> ../b")


def test_a_bare_repository_is_known_by_what_its_directory_holds_on_both_sides(lab):
    lab.write(fixtures__HEAD="ref: refs/heads/main\n", fixtures__objects__x="", fixtures__other="")

    def work(root):
        (root / "fixtures/refs").mkdir()
        (root / "fixtures/refs/keep").write_text("")
        (root / "fixtures/config").write_text("[core]\n\tfsmonitor = evil\n")
        put(root, plain__HEAD="", plain__config="")

    found = names(after(lab, work))
    assert found == {"fixtures/config": {"git-bare"}, "fixtures/refs": {"git-bare"}}


def test_shapes_of_modes_links_and_special_files(lab):
    lab.write(**{"script.sh": "echo\n", "tool": "x\n"})
    (lab.repository / "tool").chmod(0o755)

    def work(root):
        (root / "script.sh").chmod(0o755)
        (root / "tool").write_text("y\n")
        put(root, **{"root": "x", "one": "x", "elf": "", "logo.py": ""})
        (root / "root").chmod(0o4755)
        os.link(root / "one", root / "two")
        (root / "elf").write_bytes(b"\x7fELF\2\1\1\0" + bytes(60))
        (root / "logo.py").write_bytes(b"GIF\0")
        (root / "out").symlink_to("../../etc/passwd")
        (root / "hook").symlink_to(".git/hooks/pre-commit")
        os.mkfifo(root / "fifo")
        here = os.getcwd()
        os.chdir(root)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
        os.chdir(here)

    found = after(lab, work)
    assert names(found) == {
        "script.sh": {"shape-executable"}, "root": {"shape-set-id", "shape-executable"}, "one": {"shape-hard-link"},
        "two": {"shape-hard-link"}, "elf": {"shape-program"}, "logo.py": {"shape-disguised"}, "out": {"shape-link-out"},
        "hook": {"shape-link-git"}, "fifo": {"shape-fifo"}, "socket": {"shape-socket"},
    }  # fmt: skip
    assert found["out"]["shape-link-out"].evidence == ("-> ../../etc/passwd",)


def test_a_file_over_the_size_is_not_read_and_says_so(lab):
    lab.write(a="")
    rules = catalogue.load(large_bytes=1000)

    def work(root):
        (root / "big").write_text("\u202e" * 1000)
        with open(root / "sparse", "wb") as file:
            file.truncate(10 << 30)

    assert names(after(lab, work, rules)) == {"big": {"shape-large", "text-bidi"}, "sparse": {"shape-large"}}


def test_odd_names_and_twins(lab):
    lab.write(README="", é="", gone="")

    def work(root):
        for name in (b"a\x1b[31m", "a\u202egnp.exe".encode(), b"\xff", b"-rf", b"readme", b"e\xcc\x81", b"GONE"):
            with open(os.fsencode(root) + b"/" + name, "w"):
                pass
        (root / "gone").unlink()

    assert names(after(lab, work)) == {
        "a\x1b[31m": {"name-control"}, "a\u202egnp.exe": {"name-bidi"}, "\udcff": {"name-bytes"}, "-rf": {"name-option"},
        "readme": {"shape-twin"}, "e\u0301": {"shape-twin"},
    }  # fmt: skip


def test_trojan_source_is_reported_where_it_is_new(lab):
    known = "if level != 'user\u202e \u2066# ok\u2069 \u2066':\n"
    lab.write(**{"old.py": known, "moved.py": known * 2})

    def work(root):
        (root / "old.py").write_text(known + "print(1)\n")
        (root / "new.py").write_text(known)
        (root / "zero.js").write_text("const a\u200bb = 1\n")
        (root / "tag.md").write_text("hello\U000e0041\U000e0042\n")
        (root / "rtl.md").write_text("\u05e9\u05dc \u200f\u05e2\u05d5\n")
        (root / "log.txt").write_text("ok\x1b[1A\x1b[2K\n")
        (root / "moved.py").rename(root / "renamed.py")

    found = after(lab, work)
    assert names(found) == {
        "new.py": {"text-bidi"}, "zero.js": {"text-invisible"}, "tag.md": {"text-invisible"}, "log.txt": {"text-control"},
    }  # fmt: skip
    assert found["new.py"]["text-bidi"].evidence == (known.strip(),)


def test_a_module_at_the_top_that_hides_pythons_own(lab):
    lab.write(a="")
    found = after(lab, lambda root: put(root, **{"json.py": "", "app__json.py": "", "jason.py": ""}))
    assert names(found) == {"json.py": {"shape-shadow"}}


def test_a_rename_is_judged_at_its_new_place(lab):
    lab.write(**{"docs__example.envrc.txt": "evil\n", "CODEOWNERS": "* @us\n"})

    def work(root):
        (root / "docs/example.envrc.txt").rename(root / ".envrc")
        (root / "CODEOWNERS").rename(root / "docs/owners.txt")

    found = after(lab, work)
    assert names(found) == {".envrc": {"shell-direnv"}, "docs/owners.txt": {"ci-review"}}
    assert found["docs/owners.txt"]["ci-review"].evidence == ("deleted",)


def test_a_deletion_is_a_hazard_only_where_the_file_held_something_back(lab):
    lab.write(
        **{
            "Makefile": "a\n",
            "conftest.py": "a\n",
            "CODEOWNERS": "a\n",
            ".pre-commit-config.yaml": "a\n",
            "paddock.toml": "",
        }
    )

    def work(root):
        for path in list(root.iterdir()):
            path.unlink()

    found = after(lab, work)
    assert names(found) == {
        "CODEOWNERS": {"ci-review"},
        ".pre-commit-config.yaml": {"build-git-hooks"},
        "paddock.toml": {"policy-paddock"},
    }
    assert "nobody's review" in found["CODEOWNERS"]["ci-review"].why


def test_a_link_in_the_place_of_a_file_or_directory_that_programs_look_for(lab):
    lab.write(**{"data__tasks.json": "{}", "data__x": ""})

    def work(root):
        (root / ".vscode").symlink_to("data")
        (root / "web").mkdir()
        (root / "web/package.json").symlink_to("../data/x")
        (root / ".github").symlink_to("data")

    found = names(after(lab, work))
    assert "editor-vscode-tasks" in found[".vscode"]
    assert "build-npm" in found["web/package.json"]
    assert "ci-github" in found[".github"]


def test_the_target_of_a_link_at_the_top_is_judged_by_the_links_name_too(lab):
    lab.write(**{"docs__ai.md": "a\n", "tools__vs__tasks.json": "{}", "docs__other.md": "a\n"})
    (lab.repository / "CLAUDE.md").symlink_to("docs/ai.md")
    (lab.repository / ".vscode").symlink_to("tools/vs")
    (lab.repository / ".github").mkdir()
    (lab.repository / ".github/workflows").symlink_to("../tools")

    def work(root):
        (root / "docs/ai.md").write_text("b\n")
        (root / "docs/other.md").write_text("b\n")
        (root / "tools/vs/tasks.json").write_text('{"a": 1}')

    found = after(lab, work)
    assert names(found) == {
        "docs/ai.md": {"agent-instructions"},
        "tools/vs/tasks.json": {"editor-vscode-tasks", "ci-github"},
    }
    assert found["docs/ai.md"]["agent-instructions"].evidence == ("also called CLAUDE.md", "b")


def test_a_directory_renamed_and_replaced_is_judged_by_its_files(lab):
    lab.write(**{".vscode__tasks.json": '{"tasks": []}'})

    def work(root):
        os.system(f"mv '{root}/.vscode' '{root}/x' && mkdir '{root}/.vscode'")
        (root / ".vscode/tasks.json").write_text('{"tasks": ["evil"]}')

    assert names(after(lab, work)) == {".vscode/tasks.json": {"editor-vscode-tasks"}}


def test_what_cannot_be_read_is_a_hazard(lab):
    lab.write(a="")

    def work(root):
        (root / "package.json").write_text("{}")
        (root / "secret.py").write_text("x = '\u202e'\n")
        (root / "secret.py").chmod(0)
        (root / "package.json").chmod(0)

    found = names(after(lab, work))  # a file's mode keeps nobody out who owns it
    assert found == {"secret.py": {"text-bidi"}}


def test_an_allowance_is_heeded_for_names_and_for_shapes(lab):
    lab.write(a="")
    words = ("build-make:/Makefile", "shape-executable")
    rules = catalogue.load(allowed=[Text(word, Origin("person", "p:1")) for word in words])

    def work(root):
        put(root, Makefile="all:\n", lib__Makefile="all:\n", x="")
        (root / "x").chmod(0o755)

    assert names(after(lab, work, rules)) == {"lib/Makefile": {"build-make"}}


def test_evidence_is_short_whatever_a_sandbox_writes(lab):
    lab.write(a="")
    found = after(
        lab, lambda root: (root / "conftest.py").write_text("".join(f"{'x' * 500}{n}\n" for n in range(5000)))
    )
    evidence = found["conftest.py"]["build-python-code"].evidence
    assert len(evidence) == 11
    assert max(map(len, evidence)) <= 201
    assert evidence[-1] == "… and 4990 more"


def test_hazards_come_in_the_order_of_the_catalogue_with_one_entry_for_each_rule(lab):
    lab.write(a="")

    def work(root):
        put(root, **{".git__hooks__a": "evil\n", ".git__hooks__b": "evil\n", ".git__config": "[alias]\n\ta = !b\n"})

    found = after(lab, work)[".git"]
    assert list(found) == ["git-hooks", "git-config", "git-repository"]
    assert len(found["git-hooks"].evidence) == 2


def test_a_change_that_is_gone_when_it_is_judged_is_a_hazard_and_no_error(lab):
    lab.write(a="")
    lab.run(lambda root: (root / "a").write_text("b"))
    with lab.trees() as (upper, lower):
        judge = Judge(catalogue.load(), upper, lower)
        gone = Change("package.json", "added", new_mode=0o100644, new_size=1)
        assert {hazard.name for hazard in judge.hazards(gone)} == {"build-npm", "shape-unreadable"}
        assert judge.hazards(Change("x", "same", new_mode=0o100644)) == ()


def place(root: Path, path: str) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text("x = 1\n")


@pytest.mark.parametrize("path", ["json.py", "json/__init__.py", "pip.py", "pytest/__init__.py", "ast.cpython-311.so"])
def test_what_python_would_import_in_the_place_of_its_own_or_of_a_tool(lab, path):
    lab.write(a="")
    found = after(lab, lambda root: place(root, path))
    assert "shape-shadow" in found[path]


@pytest.mark.parametrize("path", ["src/json.py", "json/tool.py", "test/__init__.py", "app.py", "pip/readme.md"])
def test_other_modules_shadow_nothing(lab, path):
    lab.write(a="")
    assert after(lab, lambda root: place(root, path)) == {}
