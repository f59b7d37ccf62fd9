"""Made-up secrets, put together while the tests run, and the detector's rules, compiled once for all tests."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import random
import shutil
import string
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.preflight.detector import Detector, Item

if TYPE_CHECKING:
    from tests.conftest import Person

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_numbers = itertools.count()


def token() -> str:
    """A token in GitHub's form, checksum and all; no two alike, and none that anybody has."""
    body = "".join(random.Random(next(_numbers)).choices(_LETTERS, k=30))
    number, check = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, len(_LETTERS))
        check = _LETTERS[digit] + check
    return "gh" + "p_" + body + check.rjust(6, "0")


@functools.cache
def compiled_rules() -> Path:
    """A directory with the detector's rules: compiling them takes seconds."""
    directory = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, directory)
    detector = Detector(str(directory))
    list(detector.look(Item(b"", "x", b"x")))
    list(detector.rest())
    detector.close()
    return directory


def have_scanned_before(person: Person) -> dict[str, str]:
    """The environment of the person, on whose machine the rules are compiled already."""
    place = person.home / ".local/state/paddock/preflight"
    for part in (place.parent, place):
        part.mkdir(mode=0o700, exist_ok=True)
    shutil.copytree(compiled_rules(), place / "%rules", dirs_exist_ok=True)
    return person.environ


def tree(root: Path, files: dict[str, str]) -> Path:
    """A directory with these files, long since written."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Path(os.path.realpath(root))
