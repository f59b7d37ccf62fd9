from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.probes import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = sorted(Path(pack.INSIDE).glob("*.py"))
OURS = "paddock.probes.inside"


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_pack_is_python_3_8_and_needs_the_standard_library_alone(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 8))
    outside = {name.split(".")[0] for name in imports(tree) if not name.startswith(OURS)}
    assert outside <= sys.stdlib_module_names


def test_the_same_sources_give_the_same_bytes() -> None:
    assert pack.pack() == pack.pack()
    assert pack.version(pack.pack()) == pack.version(pack.pack())
    assert pack.version(pack.pack() + b" ") != pack.version(pack.pack())


def test_it_is_a_script_and_an_archive_of_sources() -> None:
    packed = pack.pack()
    assert packed.startswith(b"#!/bin/sh\n")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {"__main__.py", "paddock/probes/inside/runner.py"} <= set(archive.namelist())
        assert not [name for name in archive.namelist() if name.endswith((".pyc", ".sh"))]


def test_a_shell_reads_no_further_than_the_script(tmp_path: Path) -> None:
    file = tmp_path / "pack"
    file.write_bytes(pack.pack())
    subprocess.run(["/bin/sh", "-n", file], check=False, capture_output=True)  # what follows `exit` may not parse
    script = pack.pack().partition(b"PK\x03\x04")[0]
    assert script.rstrip().endswith(b"exit 0")
    file.write_bytes(script)
    subprocess.run(["/bin/sh", "-n", file], check=True)


def test_nothing_of_the_directory_it_runs_in_is_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('steered')")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('steered')")
    (tmp_path / "pack").write_bytes(pack.pack())
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "pack", "none.json"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert "none.json" in done.stderr
    assert "steered" not in done.stderr
