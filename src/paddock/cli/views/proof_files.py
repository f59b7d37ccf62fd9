"""Proofs from and to files: `--report FORMAT=FILE` and `--compare OLD NEW`."""

from __future__ import annotations

import os
import stat

from paddock.cli.style import plain
from paddock.errors import PaddockError, Usage
from paddock.frozen import frozen
from paddock.replacing import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from paddock.probes.proof import Proof

FORMATS = ("table", "json", "signed", "junit", "sarif", "html", "badge")
STDOUT = "-"
_LARGEST_BYTES = 64 << 20  # a proof is some 100 KiB


@frozen
class Report:
    """One report that was asked for: its format, and its file or "-"."""

    format: str
    file: str


def parsed(words: Sequence[str]) -> tuple[Report, ...]:
    """What `--report` was given. Raises Usage, before anything is attacked, for what could not be written."""
    found = []
    for word in words:
        format_, equals, file = word.partition("=")
        if not (equals and file) or format_ not in FORMATS:
            raise Usage(
                f"--report takes FORMAT=FILE, not {plain(word)!r}",
                why=f"formats are {', '.join(FORMATS)}; the file - is stdout",
                next_step="paddock prove --report html=proof.html",
            )
        if file != STDOUT:
            _check(file)
        found.append(Report(format_, file))
    files = [report.file if report.file == STDOUT else os.path.abspath(report.file) for report in found]
    twice = [file for file in files if files.count(file) > 1]
    if twice:
        raise Usage(f"{plain(twice[0])} cannot hold two reports", next_step="give each a file of its own")
    return tuple(found)


def _check(file: str) -> None:
    """A report replaces an ordinary file, or makes one. A link may have been put there by an agent."""
    folder = os.path.dirname(file) or "."
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise Usage(f"no report can be written to {plain(folder)}", why="it is no directory that you may write in")
    try:
        mode = os.lstat(file).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise Usage(
            f"{plain(file)} is not an ordinary file",
            why="a report replaces one",
            next_step="--report FORMAT=- is stdout",
        )


def save(report: Report, content: str) -> None:
    """Write a report: whole or not at all. Raises PaddockError."""
    try:
        with whole(report.file, 0o666) as file:
            file.write(content.encode())
    except OSError as error:
        raise PaddockError(
            f"the report {plain(report.file)} could not be written",
            why=error.strerror or str(error),
            next_step="look at where it goes; a full device, perhaps",
            code="output",
        ) from error


def uncoloured(text: str) -> str:
    """A table for a file. The only escapes in it are colours of ours: the rest was printed without any."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def writer(format_: str) -> Callable[[Sequence[Proof]], str]:
    """The function that writes proofs in this format; the table and JSON are written by whoever has more to say."""
    from paddock.cli.views import proof_signed
    from paddock.probes.reports import badge, junit, page, sarif

    def log(proofs: Sequence[Proof]) -> str:
        from paddock.probes.catalogue import reading

        return sarif.write(proofs, reading.load())

    writers: dict[str, Callable[[Sequence[Proof]], str]] = {
        "signed": proof_signed.written,
        "junit": junit.write,
        "sarif": log,
        "html": page.write,
        "badge": badge.write,
    }
    return writers[format_]


def read(path: str) -> tuple[Proof, ...]:
    """The proofs in a file that `--json` wrote, perhaps; anybody may have written it. Raises PaddockError."""
    import json

    from paddock.probes.proof import from_data

    try:
        data: Any = json.loads(_content(path))
        data = data["proof"] if isinstance(data, dict) and "signature" in data else data  # --verify is for that
        found = tuple(map(from_data, _parts(data)))
    except KeyError as error:
        raise _no_proof(path, f'it has no "{plain(str(error.args[0]))}"') from error
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_proof(path, _why(error)) from error
    if not found:
        raise _no_proof(path, "it holds none")
    return found


def _why(error: Exception) -> str:
    """What was wrong, as far as the error says; what the file holds is not repeated."""
    import json

    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON: {error}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "it is no text" if isinstance(error, UnicodeDecodeError) else "a value in it is of the wrong kind"


def _parts(data: Any) -> Any:
    """The proofs in what `--json`, `--boundary all --json` or `--report signed=FILE` wrote; no signature is judged."""
    if "proofs" in data:
        return data["proofs"]
    return [data["proof"] if "signature" in data else data]


def _content(path: str) -> bytes:
    try:
        # Not to wait for somebody to write into a FIFO of that name.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise _no_proof(path, "it is not an ordinary file")
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise PaddockError(
            f"{plain(path)} cannot be read", why=error.strerror or str(error), code="no-proof"
        ) from error
    if len(content) > _LARGEST_BYTES:
        raise _no_proof(path, f"it is larger than {_LARGEST_BYTES >> 20} MiB")
    return content


def _no_proof(path: str, why: str) -> PaddockError:
    return PaddockError(
        f"{plain(path)} is no proof of this version", why=why, next_step="paddock prove --json > FILE", code="no-proof"
    )
