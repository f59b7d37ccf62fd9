"""Real configurations: each is hardened, or refused with a place; and what was said to be gone is gone."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.hardening import reading, writing
from tests.hardening.scenes import ask

if TYPE_CHECKING:
    from paddock.hardening.case import Case

DATA = os.environ.get("PADDOCK_DATA", "")
SAMPLE = Path(DATA, "devcontainers")
SOURCES = (SAMPLE / "SOURCES.tsv").read_text().splitlines() if SAMPLE.is_dir() else []
ROWS = {row["file"][:3]: row["path"] for row in csv.DictReader(SOURCES, delimiter="\t")}
UNKNOWN = ask("unknown")
COMPOSE = "services:\n  {name}:\n    image: registry.example.test/a:1\n    volumes: [..:/workspace, /var/run/docker.sock:/s]\n"
pytestmark = pytest.mark.skipif(not ROWS, reason="PADDOCK_DATA does not name the folder of shared data")


def hardened(path: Path, **asked: str) -> tuple[Case, writing.Texts]:
    case, sheet = reading.read(reading.Asked(config=str(path), **asked), UNKNOWN)  # type: ignore[arg-type]
    return case, writing.texts(case, sheet)


def tried(path: Path) -> tuple[Case, writing.Texts] | PaddockError:
    try:
        return hardened(path)
    except PaddockError as error:
        return error


def placed(number: str, top: Path, raw: bytes | None = None) -> Path:
    path = top / "app" / ROWS[number]
    path.parent.mkdir(parents=True)
    (top / "app/.git").mkdir(exist_ok=True)
    path.write_bytes((SAMPLE / f"{number}.json").read_bytes() if raw is None else raw)
    return path


@pytest.mark.parametrize("number", ROWS)
def test_a_real_file_is_hardened_or_refused_with_a_place(number: str, tmp_path: Path):
    path = placed(number, tmp_path)
    made = tried(path)
    if isinstance(made, PaddockError):
        assert f"{path.name}:" in made.what  # FILE:LINE:COLUMN
        assert made.next_step
        return
    case, found = made
    writing.write(case, found)
    after, own = hardened(Path(case.effective.folder, case.target))
    assert own.after == found.after
    assert path.read_bytes() == (SAMPLE / f"{number}.json").read_bytes()
    said = {one.rule for one in found.hardened.changes}
    worst = {one.rule for one in after.findings if one.severity in ("critical", "high")}
    assert not said & worst
    assert worst <= {one.rule for one in found.hardened.left}


def test_most_of_them_are_hardened_and_the_others_need_what_cannot_be_taken_away(tmp_path: Path):
    codes = {}
    for number in ROWS:
        try:
            hardened(placed(number, tmp_path / number))
        except PaddockError as error:
            codes[number] = error.code
    assert {number for number, code in codes.items() if code != "cannot-harden"} == {"019"}  # a template's placeholders
    assert len(codes) < len(ROWS) // 3  # half of these name compose files that are not in the sample


COMPOSED = [it for it in ROWS if it != "019" and b'"dockerComposeFile"' in (SAMPLE / f"{it}.json").read_bytes()]


@pytest.mark.parametrize("number", COMPOSED)
def test_those_with_compose_are_hardened_where_their_files_are_there(number: str, tmp_path: Path):
    from paddock.devcontainer import jsonc

    path = placed(number, tmp_path)
    data = jsonc.parse("f", jsonc.decode("f", path.read_bytes())).root.data()
    named = data["dockerComposeFile"]
    for name in [named] if isinstance(named, str) else named:
        place = path.parent / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(COMPOSE.format(name=data["service"]))
    made = tried(path)
    if isinstance(made, PaddockError):
        assert f"{path.name}:" in made.what
        return
    case, found = made
    writing.write(case, found)
    after, own = hardened(Path(case.effective.folder, case.target))
    assert own.after == found.after
    said = {one.rule for one in found.hardened.changes}
    assert "DC101" in said
    assert not said & {one.rule for one in after.findings if one.severity in ("critical", "high")}


@pytest.mark.parametrize("number", list(ROWS)[::6])
def test_a_damaged_file_is_hardened_or_refused(number: str, tmp_path: Path):
    chance = random.Random(number)
    raw = (SAMPLE / f"{number}.json").read_bytes()
    for turn in range(3):
        start = chance.randrange(len(raw))
        end = min(len(raw), start + chance.randrange(1, 40))
        other = bytes(chance.choice(b'{}[],:"\\/\n\0\xff\x1b$-=1a') for _ in range(chance.randrange(4)))
        path = placed(number, tmp_path / str(turn), raw[:start] + other + raw[end:])
        try:
            case, found = hardened(path)
        except PaddockError:
            continue
        writing.write(case, found)
        _, own = hardened(Path(case.effective.folder, case.target))
        assert own.after == found.after
