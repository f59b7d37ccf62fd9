"""Git directories that a hostile agent left: nothing of them is obeyed, and what is not sound does not come."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.workspace.git import merged, places, refs, transfer
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git, leftovers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

pytestmark = needs("overlay", "git", "bubblewrap")


def put(inside: Path, kind: str, content: bytes) -> str:
    """A loose object of any content, as git would refuse to write it; its id."""
    data = f"{kind} {len(content)}\0".encode() + content
    name = sha1(data).hexdigest()
    place = inside / ".git/objects" / name[:2]
    place.mkdir(exist_ok=True)
    (place / name[2:]).write_bytes(zlib.compress(data))
    return name


def commit_of(inside: Path, tree: str) -> str:
    """A commit of a tree on main, whatever that tree is."""
    who = "An Agent <agent@example.test> 1767323045 +0000"
    parent = git(inside, "rev-parse", "main").strip()
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nhostile\n"
    name = put(inside, "commit", text.encode())
    (inside / ".git/refs/heads/main").write_text(f"{name}\n")
    return name


def entry(mode: str, name: str, target: str) -> bytes:
    return f"{mode} {name}\0".encode() + bytes.fromhex(target)


def refused(rig: GitLaboratory, work: Callable[[Path], object]) -> PaddockError:
    """The error that ends the transfer; afterwards nothing is there that was not before."""
    rig.run(work)
    before = rig.untouched(), sorted(os.listdir(rig.host / ".git/objects"))
    with pytest.raises(PaddockError) as caught:
        rig.bring()
    assert (rig.untouched(), sorted(os.listdir(rig.host / ".git/objects"))) == before
    assert leftovers(rig.lab.held) == []
    return caught.value


def test_no_configuration_hook_or_program_of_the_sandbox_runs(rig: GitLaboratory) -> None:
    canary = rig.lab.base / "canary"
    script = f"#!/bin/sh\ntouch '{canary}'\n"

    def work(inside: Path) -> None:
        commit(inside, new="new\n")
        (inside / ".git/hooks").mkdir(exist_ok=True)
        for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-merge", "update"):
            (inside / ".git/hooks" / name).write_text(script)
            (inside / ".git/hooks" / name).chmod(0o755)
        program = inside / "program"
        program.write_text(script)
        program.chmod(0o755)
        for key in ("core.fsmonitor", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "core.pager",
                    "diff.external", "gc.recentObjectsHook"):  # fmt: skip
            git(inside, "config", key, str(program))
        (inside / ".git/commondir").write_text("../elsewhere\n")

    rig.run(work)
    before = rig.untouched()
    (one,) = rig.bring().coming
    assert not one.held
    assert not canary.exists()
    assert rig.untouched() == before


def test_objects_of_another_repository_cannot_be_borrowed(rig: GitLaboratory) -> None:
    private = rig.lab.base / "private"
    private.mkdir()
    git(private, "init", "--quiet")
    secret = git(private, "hash-object", "-w", "--stdin", stdin="a secret\n").strip()

    def work(inside: Path) -> None:
        tree = put(inside, "tree", entry("100644", "stolen", secret))
        commit_of(inside, tree)
        (inside / ".git/objects/info").mkdir(exist_ok=True)
        (inside / ".git/objects/info/alternates").write_text(f"{private}/.git/objects\n/etc\n/proc/self/fd\n")

    assert refused(rig, work).code == "git-pack"


def test_objects_that_are_a_link_lead_nowhere(rig: GitLaboratory) -> None:
    private = rig.lab.base / "private"
    private.mkdir()
    git(private, "init", "--quiet")
    theirs = commit(private, secret="a secret\n")

    def work(inside: Path) -> None:
        shutil.rmtree(inside / ".git/objects")
        (inside / ".git/objects").symlink_to(private / ".git/objects")
        (inside / ".git/refs/heads/main").write_text(f"{theirs}\n")

    assert refused(rig, work).code == "git-pack"


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".g\u200cit", "..", "a/b"])
def test_a_tree_that_would_write_into_git_is_not_sound(rig: GitLaboratory, name: str) -> None:
    def work(inside: Path) -> None:
        hook = put(inside, "blob", b"#!/bin/sh\ntouch /tmp/canary\n")
        hooks = put(inside, "tree", entry("100755", "post-checkout", hook))
        commit_of(inside, put(inside, "tree", entry("40000", name, hooks)))

    error = refused(rig, work)
    assert error.code == "git-unsound"


@pytest.mark.parametrize(
    "text",
    [
        '[submodule "x"]\n\tpath = x\n\turl = -u./payload\n',  # CVE-2018-17456
        '[submodule "../../evil"]\n\tpath = x\n\turl = https://example.test/x\n',  # CVE-2018-11235
        '[submodule "x"]\n\tpath = x\n\turl = https://example.test/x\n\tupdate = !touch /tmp/canary\n',
    ],
)
def test_submodules_that_would_run_something_are_not_sound(rig: GitLaboratory, text: str) -> None:
    def work(inside: Path) -> None:
        modules = put(inside, "blob", text.encode())
        link = entry("160000", "x", git(inside, "rev-parse", "main").strip())
        commit_of(inside, put(inside, "tree", entry("100644", ".gitmodules", modules) + link))

    assert refused(rig, work).code == "git-unsound"


def test_modules_behind_a_link_are_not_sound(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        link = put(inside, "blob", b"elsewhere")
        commit_of(inside, put(inside, "tree", entry("120000", ".gitmodules", link)))

    assert refused(rig, work).code == "git-unsound"


def test_a_pack_that_was_tampered_with(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        commit(inside, **{f"f{number}": os.urandom(500).hex() for number in range(20)})
        git(inside, "repack", "-q", "-a", "-d")
        (pack,) = (inside / ".git/objects/pack").glob("*.pack")
        data = bytearray(pack.read_bytes())
        data[200:2000] = bytes(byte ^ 0x55 for byte in data[200:2000])
        pack.chmod(0o644)
        pack.write_bytes(data)

    # Who notices depends on whether git copies the bytes or unpacks them.
    assert refused(rig, work).code in ("git-pack", "git-unsound")


def test_an_object_that_is_not_there(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        (inside / ".git/refs/heads/main").write_text("0123456789" * 4 + "\n")

    assert refused(rig, work).code == "git-pack"


def test_a_pack_beyond_the_limit(rig: GitLaboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "LIMIT_BYTES", 100_000)
    error = refused(rig, lambda inside: commit(inside, large=os.urandom(200_000).hex()))
    assert error.code == "git-large"


def test_a_blob_that_grows_out_of_all_proportion_is_streamed(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        size = 600 << 20  # more than GIT_ALLOC_LIMIT allows at once
        header = f"blob {size}\0".encode()
        name, packer, squeezed = sha1(header), zlib.compressobj(1), []
        squeezed.append(packer.compress(header))
        piece = bytes(1 << 20)
        for _ in range(size >> 20):
            name.update(piece)
            squeezed.append(packer.compress(piece))
        squeezed.append(packer.flush())
        place = inside / ".git/objects" / name.hexdigest()[:2]
        place.mkdir(exist_ok=True)
        (place / name.hexdigest()[2:]).write_bytes(b"".join(squeezed))
        commit_of(inside, put(inside, "tree", entry("100644", "bomb", name.hexdigest())))

    rig.run(work)
    (one,) = rig.bring().coming
    assert not one.held
    assert sum(path.stat().st_size for path in (rig.host / ".git/objects").rglob("*") if path.is_file()) < 10 << 20


def test_a_tree_that_stands_for_a_billion_files_is_refused(rig: GitLaboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    from paddock.workspace.git import program

    monkeypatch.setattr(program, "MEMORY_BYTES", 200 << 20)

    def work(inside: Path) -> None:
        target = put(inside, "blob", b"x")
        kind = "100644"
        for _ in range(9):
            target = put(inside, "tree", b"".join(entry(kind, f"d{number}", target) for number in range(10)))
            kind = "40000"
        commit_of(inside, target)

    rig.run(work)
    report = rig.look()
    (one,) = report.coming
    assert one.refusal is not None
    assert one.refusal.code == "git-too-much", one.refusal.why


def test_names_that_git_would_not_accept_are_told_and_not_used(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        name = commit(inside, new="new\n")
        heads = inside / ".git/refs/heads"
        for bad in ("--upload-pack=evil", "a..b", "x.lock.", "tab\there"):
            (heads / bad).write_text(f"{name}\n")
        with (inside / ".git/packed-refs").open("a") as file:
            file.write(f"{name} refs/heads/../../x\n{name} ../../../etc/passwd\n")

    rig.run(work)
    report = rig.bring()
    assert [one.label for one in report.coming] == ["main"]
    assert sorted(left.label for left in report.left) == sorted(
        [
            "../../../etc/passwd",
            "refs/heads/--upload-pack=evil",
            "refs/heads/../../x",
            "refs/heads/a..b",
            "refs/heads/tab\there",
            "refs/heads/x.lock.",
        ]
    )
    assert not report.complete


@pytest.mark.parametrize("path", ["refs/heads/evil", "refs/heads", "HEAD", "packed-refs", "refs"])
def test_a_link_in_the_place_of_a_ref_is_refused_by_name(rig: GitLaboratory, path: str) -> None:
    secret = rig.lab.base / "secret"
    secret.write_text("0123456789" * 4)

    def work(inside: Path) -> None:
        commit(inside, new="new\n")
        place = inside / ".git" / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        place.symlink_to(secret)

    error = refused(rig, work)
    assert error.code == "git-data"
    assert "0123456789" not in error.why


def test_a_fifo_in_the_place_of_a_ref_keeps_nobody_waiting(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        commit(inside, new="new\n")
        os.mkfifo(inside / ".git/refs/heads/fifo")

    assert refused(rig, work).code == "git-data"


def test_a_ref_that_is_too_large(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        (inside / ".git/refs/heads/large").write_text("0" * 5000)

    assert refused(rig, work).code == "git-data"


def test_more_refs_than_anybody_has(rig: GitLaboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refs, "REFS_AT_MOST", 50)

    def work(inside: Path) -> None:
        for number in range(60):
            (inside / f".git/refs/heads/b{number}").write_text("0123456789" * 4)

    assert "more than 50" in refused(rig, work).why


def test_refs_nested_without_an_end(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        place = inside / ".git/refs/heads" / "/".join(["d"] * (merged.DEEPEST + 5))
        place.mkdir(parents=True)

    assert "levels deep" in refused(rig, work).why


def test_replaced_objects_replace_nothing(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        innocent = commit(inside, a="a\n")
        other = git(inside, "commit-tree", "-m", "replaced", f"{innocent}^{{tree}}").strip()
        git(inside, "replace", innocent, other)

    rig.run(work)
    report = rig.look()
    assert [one.commits[0].subject for one in report.coming] == ["work"]
    assert [left.label.partition("/")[0] for left in report.left] == ["replace"]


def test_a_ref_that_is_no_commit_has_none(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        tree = git(inside, "write-tree").strip()
        (inside / ".git/refs/heads/tree").write_text(f"{tree}\n")
        (inside / ".git/refs/heads/blob").write_text(put(inside, "blob", b"x") + "\n")

    rig.run(work)
    assert rig.bring().coming == ()


def test_a_reftable_repository_is_refused_by_name(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, a="a\n"))
    (rig.host / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")
    (place,) = places.find(rig.lab.held)
    with pytest.raises(PaddockError, match="reftable"):
        transfer.moved(place)


def test_a_git_directory_that_was_deleted_inside_has_no_commits(rig: GitLaboratory) -> None:
    rig.run(lambda inside: shutil.rmtree(inside / ".git"))
    assert places.find(rig.lab.held) == ()


def test_a_git_directory_that_was_made_anew_brings_what_it_has(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        shutil.rmtree(inside / ".git")
        git(inside, "init", "--quiet", "--initial-branch=main")
        commit(inside, "a history of its own")

    rig.run(work)
    (one,) = rig.bring().coming
    assert (one.count, one.commits[0].parents) == (1, ())


def test_an_index_that_lies_about_a_pack(rig: GitLaboratory) -> None:
    """What the sandbox's index says is where an object begins; the host's git makes an index of its own."""

    def work(inside: Path) -> None:
        commit(inside, **{f"f{number}": os.urandom(50).hex() for number in range(8)})
        git(inside, "repack", "-q", "-a", "-d")
        (index,) = (inside / ".git/objects/pack").glob("*.idx")
        data = bytearray(index.read_bytes())
        count = struct.unpack(">I", data[8 + 255 * 4 : 8 + 256 * 4])[0]
        start, end = 8 + 256 * 4 + count * 24, 8 + 256 * 4 + count * 28
        data[start:end] = data[start + 4 : end] + data[start : start + 4]
        index.chmod(0o644)
        index.write_bytes(data)

    assert refused(rig, work).code in ("git-pack", "git-unsound")
