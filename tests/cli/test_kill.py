from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from paddock import ending
from paddock.cli import kill
from paddock.errors import SessionError
from tests.background import running
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


@needs("bubblewrap")
def test_those_that_are_known_end_and_the_others_are_named(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "there") as process:
        done = person.call("kill", "ghost", "there", "nobody", cwd=repo)
        assert process.wait(60) == 143
    assert done.returncode == 125
    assert "no live sandbox named ghost; no live sandbox named nobody" in done.stderr


def test_the_code_for_an_unknown_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    asked = []

    def refuse(name: str, *, now: bool) -> None:
        asked.append((name, now))
        raise SessionError(f"no live sandbox named {name}", code="no-such-sandbox", next_step="paddock ps")

    monkeypatch.setattr(ending, "kill", refuse)
    with pytest.raises(SessionError) as caught:
        kill.perform(argparse.Namespace(names=["a", "b"], now=True))
    assert (caught.value.code, caught.value.next_step) == ("no-such-sandbox", "paddock ps")
    assert asked == [("a", True), ("b", True)]
