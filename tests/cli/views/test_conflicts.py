from __future__ import annotations

import pytest

from paddock.cli.views import conflicts
from paddock.workspace.selection import Selection
from tests.cli.change_sets import hold


@pytest.fixture
def held(monkeypatch, person, repo):
    for name in ("both", "ours", "theirs", "binary"):
        (repo / name).write_text("old\n")

    def work(upper) -> None:
        for name in ("both", "theirs"):
            (upper / name).write_text("inside\n")
        (upper / "binary").write_bytes(b"\0")

    return hold(monkeypatch, person, repo, work)


def test_only_what_both_sides_changed_is_one(repo, held) -> None:
    for name in ("both", "ours", "binary"):
        (repo / name).write_text("host\n")
    found = {problem.path: [line.text for line in lines] for problem, lines in conflicts.found(held, Selection())}
    assert set(found) == {"both", "binary"}
    assert found["both"][-7:] == [
        "<<<<<<< host, now",
        "host",
        "||||||| before",
        "old",
        "=======",
        "inside",
        ">>>>>>> sandbox",
    ]
    assert len(found["binary"]) == 1, "nothing to show of what is no text"
    assert [problem.path for problem, _ in conflicts.found(held, Selection(["both"]))] == ["both"]
