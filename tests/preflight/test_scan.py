from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.preflight import detector
from paddock.preflight.scan import scan
from paddock.state import preflight_directory
from tests.preflight.made_up import token, tree

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.preflight.findings import Report

KEY = "-----BEGIN {0} PRIVATE KEY-----\n{1}\n-----END {0} PRIVATE KEY-----\n"


def found(report: Report) -> list[tuple[str, str, int, str]]:
    return [(one.kind, one.path, one.line, one.detail) for one in report.findings]


@pytest.mark.usefixtures("settled")
class TestFinding:
    def test_secrets_where_they_are_tracked_or_not(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(
            tmp_path / "repo",
            {
                "services/api/.env": f"A=1\nTOKEN={token()}\n",
                "src/main.py": f'print("x")\n\nT = "{token()}"\n',
                "empty/.env": "",
                "a.txt": "nothing here\n",
                ".git/config": f"[remote]\n url = https://me:{token()}@git.example.test/x\n",
            },
        )
        assert found(scan(str(root), environ=environ)) == [
            ("secret", ".git/config", 2, "github-pat"),
            ("secret", "services/api/.env", 2, "github-pat"),
            ("secret", "src/main.py", 3, "github-pat"),
            ("secret-file", "services/api/.env", 0, "by its name"),
        ]

    def test_a_private_key(self, tmp_path: Path, environ: dict[str, str]) -> None:
        import base64
        import random

        body = base64.encodebytes(random.Random(1).randbytes(1200)).decode()
        root = tree(tmp_path / "repo", {"deploy/host.pem": KEY.format("RSA", body)})
        assert found(scan(str(root), environ=environ)) == [("secret", "deploy/host.pem", 1, "private-key")]

    def test_in_packages_and_in_what_git_ignores(self, tmp_path: Path, environ: dict[str, str]) -> None:
        names = ("node_modules/.cache/build.json", "node_modules/x/test/key.json", "target/a/out.txt")
        root = tree(tmp_path / "repo", {".gitignore": "/node_modules\n/target\n", **dict.fromkeys(names, token())})
        assert {path for _, path, _, _ in found(scan(str(root), environ=environ))} == set(names)

    def test_in_utf_16(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {"a.txt": ""})
        (root / "a.txt").write_bytes(f"x\nt = {token()}\n".encode("utf-16"))
        assert [(path, line) for _, path, line, _ in found(scan(str(root), environ=environ))] == [("a.txt", 2)]

    def test_under_any_name(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {})
        root.mkdir()
        names = [b"\x1b[31mred.txt", b"a\nb.txt", b"caf\xe9.txt", "\N{RIGHT-TO-LEFT OVERRIDE}x.txt".encode(), b" "]
        for name in names:
            with open(os.path.join(os.fsencode(root), name), "w") as file:
                file.write(token())
        paths = {path for _, path, _, _ in found(scan(str(root), environ=environ))}
        assert paths == set(map(os.fsdecode, names))

    def test_not_in_what_is_no_text_or_too_large_and_that_is_said(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        root = tree(tmp_path / "repo", {"large.txt": "x" * (2 << 20) + token()})
        (root / "program").write_bytes(b"\0" + token().encode())
        report = scan(str(root), environ=environ)
        assert found(report) == []
        assert set(report.notes) == {
            "not looked into, larger than 2 MiB: large.txt",
            "not looked into, no text: program",
        }
        again = scan(str(root), environ=environ)
        assert set(again.notes) == set(report.notes)
        assert again.looked_into == 0

    def test_no_secret_is_in_the_report_or_in_the_state(self, tmp_path: Path, environ: dict[str, str]) -> None:
        made_up = token()
        root = tree(tmp_path / "repo", {".env": f"TOKEN={made_up}\n"})
        report = scan(str(root), environ=environ)
        assert made_up[4:12] not in repr(report)
        state = subprocess.run(
            ["grep", "-rac", made_up[4:12], environ["XDG_STATE_HOME"]], capture_output=True, text=True, check=False
        )
        assert state.returncode == 1, state.stdout

    @pytest.mark.user
    def test_a_file_that_cannot_be_read_is_said(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {"closed.txt": token(), "open.txt": token()})
        (root / "closed.txt").chmod(0)
        report = scan(str(root), environ=environ)
        assert [path for _, path, _, _ in found(report)] == ["open.txt"]
        assert "not looked into, could not be read: closed.txt" in report.notes


@pytest.mark.usefixtures("settled")
class TestRemembering:
    def test_only_what_changed_is_looked_into_again(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {f"{number}.txt": token() for number in range(5)})
        first = scan(str(root), environ=environ)
        assert (first.looked_into, len(first.findings)) == (5, 5)
        second = scan(str(root), environ=environ)
        assert (second.looked_into, second.findings) == (0, first.findings)
        (root / "3.txt").write_text("clean now\n")
        (root / "new.txt").write_text("x\n")
        third = scan(str(root), environ=environ)
        assert (third.looked_into, len(third.findings)) == (2, 4)

    def test_a_scan_of_what_is_known_starts_no_process(
        self, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = tree(tmp_path / "repo", {"a.txt": "x"})
        scan(str(root), environ=environ)
        monkeypatch.setattr(detector, "Detector", None)
        assert scan(str(root), environ=environ).complete

    def test_a_new_version_of_the_detector_looks_again(
        self, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = tree(tmp_path / "repo", {"a.txt": "x"})
        scan(str(root), environ=environ)
        monkeypatch.setattr(detector, "version", lambda: "99")
        assert scan(str(root), environ=environ).looked_into == 1

    def test_a_damaged_cache_is_as_good_as_none(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {"a.txt": token()})
        first = scan(str(root), environ=environ)
        with open(f"{preflight_directory(str(root), environ)}/cache", "r+b") as file:
            file.seek(150)
            file.write(b"damage")
        assert scan(str(root), environ=environ).findings == first.findings

    def test_what_is_gone_is_forgotten(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {f"{number}.txt": "x" for number in range(50)})
        scan(str(root), environ=environ)
        file = f"{preflight_directory(str(root), environ)}/cache"
        before = os.stat(file).st_size
        for number in range(49):
            (root / f"{number}.txt").unlink()
        scan(str(root), environ=environ)
        assert os.stat(file).st_size == before - 49 * 16 - 1  # one digit of the number of files

    def test_anew_looks_into_everything(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {"a.txt": "x"})
        scan(str(root), environ=environ)
        assert scan(str(root), anew=True, environ=environ).looked_into == 1

    def test_what_was_learnt_before_an_interrupt_is_kept(self, tmp_path: Path, environ: dict[str, str]) -> None:
        root = tree(tmp_path / "repo", {f"{number:03}.txt": "x" for number in range(100)})

        def interrupt(_: int, done: int) -> None:
            if done > 40:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            scan(str(root), tick=interrupt, environ=environ)
        assert 0 < scan(str(root), environ=environ).looked_into < 70


def test_a_file_of_this_moment_is_looked_into_again(tmp_path: Path, environ: dict[str, str]) -> None:
    """Two writes within a tick of the clock leave the same times: the second one must not go unseen."""
    root = tree(tmp_path / "repo", {"a.txt": "x"})
    assert [scan(str(root), environ=environ).looked_into for _ in range(2)] == [1, 1]


def test_what_there_is_no_time_for_is_put_off_and_said(tmp_path: Path, environ: dict[str, str]) -> None:
    root = tree(tmp_path / "repo", {"a/a.txt": "x", "a/b.txt": "x"})
    report = scan(str(root), time_s=0, environ=environ)
    assert not report.complete
    assert scan(str(root), environ=environ).complete


def test_the_time_holds_although_the_detector_is_not_ready(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from paddock.preflight import examiner, walk

    monkeypatch.setattr(examiner, "_load", lambda _: time.sleep(1000))
    # The walk has all the time that it needs, on a busy machine too.
    monkeypatch.setattr("paddock.preflight.scan.Walk", lambda *words, **_: walk.Walk(*words))
    root = tree(tmp_path / "repo", {"a.txt": token(), ".env": "x"})
    report = scan(str(root), time_s=0.5, environ=environ)
    assert report.notes == ("not looked into yet: 2 files",)
    assert [one.kind for one in report.findings] == ["secret-file"]
    assert not report.complete


def test_without_the_package_the_rest_is_found_and_that_is_said(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "version", lambda: "")
    root = tree(tmp_path / "repo", {"a/.env": token()})
    report = scan(str(root), environ=environ)
    assert found(report) == [("secret-file", "a/.env", 0, "by its name")]
    assert report.notes == ("no secrets were looked for: kingfisher-secret-scanner is not installed",)


def test_a_repository_that_is_gone_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(WorkspaceError, match="cannot be scanned"):
        scan(str(tmp_path / "nothing"), environ=environ)


def test_the_detector_is_never_in_our_own_process(tmp_path: Path, environ: dict[str, str]) -> None:
    root = tree(tmp_path / "repo", {"a.txt": token()})
    code = (
        "import sys; from paddock.preflight.scan import scan; report = scan(sys.argv[1]); "
        "print(len(report.findings), any(name.startswith('kingfisher_sdk') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, root], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "1 False\n"


@pytest.mark.slow
@pytest.mark.usefixtures("settled")
def test_a_hundred_thousand_files(tmp_path: Path, environ: dict[str, str]) -> None:
    for directory in range(200):
        (tmp_path / f"repo/{directory}").mkdir(parents=True)
        for number in range(500):
            (tmp_path / f"repo/{directory}/{number}.py").write_text("x = 1\n")
    (tmp_path / "repo/77/secret.txt").write_text(token())
    first = scan(str(tmp_path / "repo"), environ=environ)
    assert (first.files, len(first.findings), first.complete) == (100_001, 1, True)
    second = scan(str(tmp_path / "repo"), environ=environ)
    assert (second.looked_into, second.findings) == (0, first.findings)
    cache = f"{preflight_directory(str(tmp_path / 'repo'), environ)}/cache"
    assert os.stat(cache).st_size < 2_000_000
