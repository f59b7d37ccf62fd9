"""The detector's own process: what it gives up before it sees a byte of the repository, and what it answers.

It runs native code over files that somebody else may have written. So it has no network, no file, no program to
start, no privilege and no import when the first file arrives: two pipes, memory and time are all that it has. It
never gives back what it found, only where and of what kind. Verification of secrets, which the library can do and
which would send them out, is neither called nor possible.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import struct
import sys

from paddock.kernel import confine, landlock, seccomp
from paddock.kernel.namespaces import be_unreadable, die_with_parent, forbid_imports
from paddock.process import empty_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from kingfisher_sdk import Scanner

    from paddock.kernel.seccomp import Machine

LENGTHS = struct.Struct("=II")  # of the path and of the content
ANSWER = struct.Struct("=I")
MOST_SECRETS = 20  # of one file
FILE_TIMEOUT_S = 5.0  # the library's own, which is cooperative; `detector` has a harder one
MEMORY_BYTES = 1 << 30
_NOBODY = 65534
_MACHINES: dict[str, Machine] = {"x86_64": "x86_64", "aarch64": "aarch64"}


def run(incoming: int, outgoing: int, rules_directory: str, parent: int) -> NoReturn:
    """Be the detector until `incoming` ends. Answers once with its version, then for each file in turn."""
    status = 1
    try:
        gc.freeze()  # the parent's objects are not ours to finalise
        _detach(incoming, outgoing, parent)
        scanner, version = _load(rules_directory)
        _confine(parent)
        _answer(outgoing, {"version": version})
        while (lengths := _receive(incoming, LENGTHS.size)) is not None:
            path_bytes, data_bytes = LENGTHS.unpack(lengths)
            path, data = _receive(incoming, path_bytes), _receive(incoming, data_bytes)
            if path is None or data is None:
                break
            _answer(outgoing, _examined(scanner, path, data))
        status = 0
    except ImportError as error:
        _answer(outgoing, {"failed": f"the package kingfisher-secret-scanner is not there ({error.name})"})
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        _answer(outgoing, {"failed": f"{type(error).__name__}: {error}"[:500]})
    finally:
        os._exit(status)


def _detach(incoming: int, outgoing: int, parent: int) -> None:
    """Leave the terminal, which Ctrl-C would come from, and every file but the two pipes."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _die_with(parent)
    empty_streams()  # the library's last words could quote what it read
    confine.close_all_but(incoming, outgoing)
    os.environ.clear()
    # `python -m paddock` puts the working directory first, which may be the repository.
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]
    os.chdir("/")


def _die_with(parent: int) -> None:
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _load(rules_directory: str) -> tuple[Scanner, str]:
    """The detector with its rules; compiling them takes seconds, so the library keeps the result in a file."""
    import json  # noqa: F401 - for `_answer`, when nothing can be imported any more

    from kingfisher_sdk import DetectionPolicy, Rules, ScanInput, Scanner, __version__  # noqa: F401 - as above

    rules = Rules(cache_dir=rules_directory)
    scanner = Scanner(rules, redact=True, policy=DetectionPolicy(base64_max_input_bytes=1 << 20))
    scanner.scan(b"the first one sets up what is set up late")
    return scanner, __version__


def _confine(parent: int) -> None:
    """Give everything up. Raises OSError; then nothing is read."""
    for name, most in ((resource.RLIMIT_DATA, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(name)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (bound, bound))
    if os.geteuid() == 0:
        os.setgroups([])
        confine.become(_NOBODY, _NOBODY)
        _die_with(parent)  # changing credentials clears it
    be_unreadable()
    confine.drop_capabilities()
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    forbid_imports()
    try:
        abi = landlock.version()
    except OSError:
        abi = 0  # the kernel has none: the filter stands alone, and so do the rights of nobody
    if abi:
        landlock.restrict([], abi)
    seccomp.install(seccomp.program("default", _MACHINES[os.uname().machine], sockets="none"))


def _examined(scanner: Scanner, path: bytes, data: bytes) -> list[list[object]] | None:
    """Line, rule, length and certainty of each finding; None where the file was too much."""
    from kingfisher_sdk import ScanInput

    source = ScanInput(path=path.decode("utf-8", "replace"), data=data)
    try:
        found = scanner.scan_input(source, timeout=FILE_TIMEOUT_S)
    except (TimeoutError, RuntimeError, MemoryError):
        return None
    rows: list[list[object]] = []
    for finding in found:
        place = finding.location
        rule = finding.rule_id.rpartition(".")[2].rpartition("/")[2]
        if finding.visible and len(rows) < MOST_SECRETS:
            rows.append([place["line"], rule, place["end_offset"] - place["start_offset"], finding.confidence])
    return rows


def _receive(descriptor: int, count: int) -> bytes | None:
    """Exactly `count` bytes, or None at the end."""
    parts: list[bytes] = []
    while count:
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _answer(descriptor: int, data: object) -> None:
    import json

    text = json.dumps(data).encode()
    view = memoryview(ANSWER.pack(len(text)) + text)
    while view:
        view = view[os.write(descriptor, view) :]
