from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.cli.views import proof_files
from paddock.cli.views.proof_files import Report
from paddock.errors import PaddockError, Usage
from paddock.probes.proof import as_data
from tests import interrupted
from tests.probes.proofs import any_proofs, proof, row

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof


def test_words_become_reports(tmp_path: Path) -> None:
    words = [f"junit={tmp_path}/a=b.xml", "sarif=-"]
    assert proof_files.parsed(words) == (Report("junit", f"{tmp_path}/a=b.xml"), Report("sarif", "-"))


@pytest.mark.parametrize("kind", ["fifo", "directory", "link", "dangling link"])
def test_a_report_takes_the_place_of_an_ordinary_file_only(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    make = {
        "fifo": lambda: os.mkfifo(target),
        "directory": target.mkdir,
        "link": lambda: target.symlink_to("/dev/null"),
        "dangling link": lambda: target.symlink_to("nowhere"),
    }
    make[kind]()
    with pytest.raises(Usage):
        proof_files.parsed([f"html={target}"])


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(PaddockError, match="could not be written"):
        proof_files.save(Report("html", f"{tmp_path}/out"), "text")
    assert os.listdir(tmp_path) == ["out"]


def test_ctrl_c_while_a_report_gets_its_name_is_heard_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system call is done when Python hears of the signal: no failure to write is told."""

    interrupted.in_a_new_file(monkeypatch, "os.rename")
    with pytest.raises(KeyboardInterrupt):
        proof_files.save(Report("html", f"{tmp_path}/out"), "text")
    assert (tmp_path / "out").read_text() == "text"


@pytest.mark.parametrize("format_", [name for name in proof_files.FORMATS if name not in ("table", "json")])
def test_every_format_has_its_writer(format_: str) -> None:
    assert proof_files.writer(format_)([proof(row("FS-02"))]).strip()


@given(st.lists(any_proofs, min_size=1, max_size=2))
def test_what_was_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, made: list[Proof]) -> None:
    path = tmp_path_factory.getbasetemp() / "proof.json"
    data = as_data(made[0]) if len(made) == 1 else {"schema": 1, "proofs": [as_data(one) for one in made]}
    path.write_text(json.dumps(data))
    assert proof_files.read(str(path)) == tuple(made)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    with pytest.raises(PaddockError) as caught:
        proof_files.read(str(path))
    assert caught.value.code == "no-proof"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(proof_files._LARGEST_BYTES + 1)
    with pytest.raises(PaddockError, match="no proof") as caught:
        proof_files.read(str(path))
    assert "larger than 64 MiB" in caught.value.why
