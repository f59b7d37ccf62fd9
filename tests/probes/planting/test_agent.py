from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.agent import Agent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMENT = "canary-of-a-test"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    monkeypatch.chdir(tmp_path)
    made = Agent(str(tmp_path / "agent.sock"), COMMENT)
    yield made
    made.close()


def test_it_lists_one_key_with_its_comment(agent: Agent) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect("agent.sock")
        ours.sendall(bytes([0, 0, 0, 1, 11]))
        said = ours.recv(4096)
    assert said[4] == 12
    assert int.from_bytes(said[:4], "big") == len(said) - 4
    assert COMMENT.encode() in said
    assert agent.asked


@pytest.mark.skipif(not shutil.which("ssh-add"), reason="no OpenSSH client to ask with")
def test_opensshs_own_client_understands_it(agent: Agent, tmp_path: Path) -> None:
    done = subprocess.run(
        ["ssh-add", "-l"], env={**os.environ, "SSH_AUTH_SOCK": str(tmp_path / "agent.sock")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert COMMENT in done.stdout, done.stderr
    assert agent.asked


@pytest.mark.parametrize(
    "said", [b"", b"\0\0\0\1", b"\0\0\0\1\x0d", b"\xff\xff\xff\xff\x0b", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_who_says_anything_else_learns_nothing(agent: Agent, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect("agent.sock")
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):  # hung up on, with something left unread
            assert COMMENT.encode() not in ours.recv(4096)
    assert not agent.asked


def test_a_path_longer_than_an_address_may_be(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    agent = Agent(str(deep / "agent.sock"), COMMENT)
    assert (deep / "agent.sock").is_socket()
    agent.close()
