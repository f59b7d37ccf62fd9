"""A real agent's login: the address that it prints, and the browser's way back to it."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.conftest import Person

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs("bubblewrap", "npm", "node"), pytest.mark.net, pytest.mark.slow]


def test_the_browser_comes_back_to_codex_inside(agents_home: Path, person: Person, repo: Path) -> None:
    one = Person(person.home, {"PATH": f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin"})
    with subprocess.Popen(
        one.argv("login", "codex"),
        cwd=repo,
        env=one.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as login:
        said = ""
        try:
            while "oauth/authorize" not in said:
                said = login.stdout.readline() if login.stdout else ""
                assert said, "it ended without an address"
            # It listens before it prints. What a stranger's browser brings is refused: by Codex, so it was reached.
            with pytest.raises(urllib.error.HTTPError) as answer:
                urllib.request.urlopen("http://127.0.0.1:1455/auth/callback?code=x&state=not-mine", timeout=30)
            with answer.value:
                assert answer.value.code == 400
                assert b"State mismatch" in answer.value.read()
        finally:
            login.terminate()
