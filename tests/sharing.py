"""Several runs of pytest at once share one suite: each takes the next file that no other has taken.

A plugin for `tests.together`, which starts the runs: `pytest -p tests.sharing --shared=DIRECTORY`. The directory is
empty at first; a run that takes a file makes a mark in it, which the kernel lets only one of them make.
pytest-xdist is not used: its workers have threads of their own, and much of what is tested here is what a process may
do only as long as it has one (fork, unshare(2), setns(2)) or does in its main thread (signals).
"""

from __future__ import annotations

import json
import os
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _pytest.terminal import TerminalReporter

# What its tests share is fetched and built once, and takes minutes.
WHOLE = "tests/real/"
# Root has one storage of images for all, in which these build some under the same names: one after the other.
IMAGES = (
    "tests/developing/",
    "tests/hardening/",
    "tests/boundary/test_images.py",
    "tests/boundary/test_nesting.py",
    "tests/boundary/test_taking.py",
    "tests/devcontainer/test_effective__reference.py",
    "tests/test_session__compose",
    "tests/test_session__gvisor",
    "tests/test_session__nested",
)
_ended = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shared", metavar="DIRECTORY", required=True)


def unit(item: pytest.Item) -> str:
    """The file or directory whose tests stay together, in one run and in their order."""
    path = item.nodeid.partition("::")[0]
    if path.startswith(IMAGES):
        return IMAGES[0]
    return WHOLE if path.startswith(WHOLE) else path


def units(items: Sequence[pytest.Item]) -> list[list[pytest.Item]]:
    """All units, those first that take long: the last ones to be taken should be short."""
    found = [list(group) for _, group in groupby(sorted(items, key=unit), key=unit)]
    return sorted(
        found,
        key=lambda unit_: (
            unit(unit_[0]) not in (WHOLE, IMAGES[0]),
            not any(it.get_closest_marker("slow") for it in unit_),
        ),
    )


def taken(found: Sequence[list[pytest.Item]], directory: str) -> Iterator[pytest.Item]:
    """The tests of each unit that this run is the first to take."""
    for number, items in enumerate(found):
        try:
            os.close(os.open(f"{directory}/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
        except FileExistsError:
            continue
        yield from items


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """As pytest's own, over what this run takes."""
    if session.testsfailed:
        raise session.Interrupted(f"{session.testsfailed} errors during collection")
    mine = taken(units(session.items), session.config.getoption("shared"))
    item = next(mine, None)
    while item is not None:
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ended] = set()
    config.pluginmanager.register(_Ends(config.stash[_ended], f"{config.getoption('shared')}/{os.getpid()}.now"))


class _Ends:
    """Notes which test is at work, and which came to an end, whatever it was."""

    def __init__(self, ended: set[str], now: str) -> None:
        self._ended = ended
        self._now = now

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        with open(self._now, "w", encoding="utf-8") as file:
            file.write(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._ended.add(nodeid)


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Leave word of what came of it, for the closing line of all runs."""
    counts = {name: len(reports) for name, reports in terminalreporter.stats.items() if name and name != "warnings"}
    told = {"collected": terminalreporter._session.testscollected, "ended": len(config.stash[_ended]), "counts": counts}  # type: ignore[union-attr]
    with open(f"{config.getoption('shared')}/{os.getpid()}.json", "x") as file:
        json.dump(told, file)
