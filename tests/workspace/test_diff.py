from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.workspace import content, diff, shelf, store
from paddock.workspace.change_set import read, walk
from paddock.workspace.diff import HAZARD, NOTE, differences
from paddock.workspace.hazard import Hazard
from tests.capabilities import needs
from tests.workspace.applying.test_apply__property import base
from tests.workspace.overlays import inside, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("overlay", "git")

NAMES = (
    b"a",
    b"b c",
    b"dir/x",
    b"dir/y z",
    b'q"uote',
    b"back\\slash",
    b"new\nline",
    b"\xff",
    "é".encode(),
    b"-d",
    b"t\tab",
)
TEXTS = st.one_of(
    st.sampled_from(
        (b"", b"one line", b"\n", b"a\r\nb\r\n", b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n", b"\x1b[31m\n", b"\xff\n")
    ),
    st.lists(st.sampled_from((b"a\n", b"b\n", b"c\n")), max_size=40).map(b"".join),
)
FILES = st.dictionaries(st.sampled_from(NAMES), st.tuples(TEXTS, st.booleans()), max_size=8)


@pytest.fixture(autouse=True, scope="module")
def _usual_umask() -> Iterator[None]:
    """Of which git makes the modes of files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def fill(root: str, files: dict[bytes, tuple[bytes, bool]]) -> None:
    for name in os.listdir(os.fsencode(root)):
        path = os.fsencode(root) + b"/" + name
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    for name, (text, executable) in files.items():
        path = os.fsencode(root) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)
        os.chmod(path, 0o755 if executable else 0o644)


def patch_of(change_set: store.ChangeSetDirectory) -> bytes:
    upper, lower = shelf.open_upper(change_set), shelf.open_repository(change_set)
    found = differences(read(upper, lower).changes, upper, lower)
    text = "".join(line.text + "\n" for one in found for line in one.lines)
    os.close(upper)
    os.close(lower)
    return text.encode("utf-8", "surrogateescape")


def git_apply(patch: bytes, directory: str) -> None:
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=directory,
        input=patch,
        capture_output=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "GIT_CEILING_DIRECTORIES": os.path.dirname(directory),
            "GIT_CONFIG_NOSYSTEM": "1",
        },
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=FILES, after=FILES)
def test_git_apply_makes_of_the_diff_what_the_sandbox_made(before, after) -> None:
    with base() as path:
        repository = f"{path}/repository"
        os.mkdir(repository)
        fill(repository, before)
        change_set = store.claim(repository)
        inside(change_set, lambda merged: fill(merged, after))
        patch = patch_of(change_set)
        if b"diff --git" in patch:
            git_apply(patch, repository)
        store.unlock(change_set)
        expected = f"{path}/expected"
        os.mkdir(expected)
        fill(expected, after)
        assert only_files(repository) == only_files(expected)


def only_files(root: str) -> dict[bytes, object]:
    """Git knows no directories."""
    return {path: node for path, node in tree(root).items() if node.kind != "directory"}


def text_of(lab) -> str:
    return patch_of(lab.held).decode("utf-8", "surrogateescape")


def test_links_and_types_are_git_s_too(lab) -> None:
    lab.write(file="text\n", other="x\n")
    (lab.repository / "link").symlink_to("other")

    def work(inside) -> None:
        (inside / "link").unlink()
        (inside / "link").symlink_to("file")
        (inside / "file").unlink()
        (inside / "file").symlink_to("other")
        (inside / "new").symlink_to("other")

    lab.run(work)
    git_apply(patch_of(lab.held), str(lab.repository))
    assert [os.readlink(lab.repository / name) for name in ("file", "link", "new")] == ["other", "file", "other"]


def test_a_rename_is_said_as_one(lab) -> None:
    lab.write(old="text\n")
    lab.run(lambda inside: ((inside / "old").rename(inside / "new"), (inside / "new").chmod(0o755)))
    assert text_of(lab).splitlines() == [
        "diff --git a/old b/new",
        "old mode 100644",
        "new mode 100755",
        "similarity index 100%",
        "rename from old",
        "rename to new",
    ]
    git_apply(patch_of(lab.held), str(lab.repository))
    assert os.listdir(lab.repository) == ["new"]


def test_what_git_cannot_say_stands_in_notes_that_it_passes_over(lab) -> None:
    lab.write(mode="x\n", both="x\n", gone__dir__file="x\n")

    def work(inside) -> None:
        (inside / "mode").chmod(0o600)
        (inside / "both").write_text("y\n")
        (inside / "both").chmod(0o640)
        (inside / "empty").mkdir()
        (inside / "full").mkdir()
        (inside / "full" / "file").write_text("z\n")
        (inside / "gone" / "dir" / "file").unlink()
        (inside / "gone" / "dir").rmdir()
        (inside / "gone").chmod(0o700)
        (inside / "out").symlink_to("/etc")
        os.mkfifo(inside / "fifo")

    lab.run(work)
    notes = [line for line in text_of(lab).splitlines() if line.startswith("#")]
    assert notes == [
        "# mode 0644 -> 0640: both",
        "# new directory: empty/",
        "# held: fifo (added): sockets, FIFOs and devices are never applied",
        "# mode 0755 -> 0700: gone/",
        "# mode 0644 -> 0600: mode",
        "# held: out -> /etc (added): the link leads out of the repository; `paddock apply --links` takes it",
    ]
    git_apply(patch_of(lab.held), str(lab.repository))
    assert (lab.repository / "both").read_text() == "y\n"
    assert not (lab.repository / "out").is_symlink()


def test_binary_and_large_files_are_named_and_never_silently_skipped(lab, monkeypatch) -> None:
    monkeypatch.setattr(diff, "LARGEST_BYTES", 100)
    lab.write(large="x" * 101)

    def work(inside) -> None:
        (inside / "large").write_text("y")
        (inside / "binary").write_bytes(b"\0")

    lab.run(work)
    assert text_of(lab).splitlines() == [
        "diff --git a/binary b/binary",
        "new file mode 100644",
        "Binary files /dev/null and b/binary differ",
        "# large file, 101 bytes → 1 bytes: large",
        "diff --git a/large b/large",
        "Binary files a/large and b/large differ",
    ]
    with pytest.raises(AssertionError, match="cannot apply binary patch"):
        git_apply(patch_of(lab.held), str(lab.repository))


def test_a_note_cannot_be_forged_by_a_name(lab) -> None:
    lab.run(lambda inside: os.mkfifo(inside / "x\n+++ evil"))
    assert text_of(lab).count("\n") == 1


def test_lines_are_counted(lab) -> None:
    lab.write(file="a\nb\nc\n")
    lab.run(lambda inside: (inside / "file").write_text("a\nx\ny\nc\n"))
    with lab.trees() as (upper, lower):
        (found,) = differences(read(upper, lower).changes, upper, lower)
    assert (found.added, found.removed) == (2, 1)


@pytest.mark.user
def test_a_host_file_that_the_person_may_not_read_is_said_so(lab) -> None:
    lab.write(file="secret")
    lab.run(lambda inside: ((inside / "file").unlink(), (inside / "file").write_text("new")))
    (lab.repository / "file").chmod(0)
    assert "# cannot be read: Permission denied: file" in text_of(lab)


def test_set_id_bits_are_noted(lab) -> None:
    lab.write(tool="x\n")
    lab.run(lambda inside: ((inside / "tool").write_text("y\n"), (inside / "tool").chmod(0o4755)))
    with lab.trees() as (upper, lower):
        (found,) = differences(read(upper, lower).changes, upper, lower)
    assert [line.text for line in found.lines if line.kind == NOTE] == ["# set-id bits are not applied: tool"]
    assert "new mode 100755" in [line.text for line in found.lines]


def test_fs08_the_diff_reads_nothing_through_a_link(lab, tmp_path) -> None:
    """INVARIANT FS-08: neither the sandbox's links nor the host's are followed."""
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "file").write_text("canary\n")
    lab.write(dir__file="old\n")

    def work(inside) -> None:
        shutil.rmtree(inside / "dir")
        (inside / "dir").symlink_to(tmp_path / "canary")
        (inside / "file").symlink_to(tmp_path / "canary" / "file")

    lab.run(work)
    assert "canary\n" not in text_of(lab).replace(str(tmp_path), "")
    shutil.rmtree(lab.repository / "dir")
    (lab.repository / "dir").symlink_to(tmp_path / "canary")  # and now the host has a link there too
    assert "+canary" not in text_of(lab)
    assert "-canary" not in text_of(lab)


def test_a_huge_file_is_not_read_for_its_difference(lab, monkeypatch) -> None:
    lab.run(lambda inside: os.truncate(os.open(inside / "huge", os.O_CREAT | os.O_RDWR), 10 << 30))
    monkeypatch.setattr(content, "read_all", None)
    with lab.trees() as (upper, lower):
        (found,) = differences(walk(upper, lower), upper, lower)
    assert found.lines[-1].text == "Binary files /dev/null and b/huge differ"


def test_hazards_stand_above_their_change_and_git_passes_over_them(lab) -> None:
    """Their words are the sandbox's: whatever they hold, each stays in one line that begins with #."""
    hazard = Hazard("build-make", "build", "high", "it\nruns", ("--- a/x", "\x1b[2J\n+++ b/y", "\udcff\u202e"))
    lab.run(lambda inside: (inside / "Makefile").write_text("all:\n"))
    with lab.trees() as (upper, lower):
        (change,) = walk(upper, lower)
        (found,) = differences([replace(change, hazards=(hazard,))], upper, lower)
    assert [line.text for line in found.lines[:5]] == [
        "# hazard build-make (high): Makefile: it\\nruns",
        "#   | --- a/x",
        "#   | \\x1b[2J\\n+++ b/y",
        "#   | \\udcff\\u202e",
        "diff --git a/Makefile b/Makefile",
    ]
    assert {line.kind for line in found.lines[:4]} == {HAZARD}
    git_apply("".join(f"{line.text}\n" for line in found.lines).encode(), str(lab.repository))
    assert (lab.repository / "Makefile").read_text() == "all:\n"


def test_differences_are_made_one_by_one(lab) -> None:
    lab.run(lambda inside: [(inside / name).write_text("x\n") for name in "abc"])
    with lab.trees() as (upper, lower):
        changes = walk(upper, lower)
        assert next(differences(changes, upper, lower)).change.path == "a"
        # The next one was looked at, which may show a directory, and no other.
        assert [change.path for change in changes] == ["c"]
