from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from paddock import granting, live, state
from paddock.errors import PolicyError, Usage
from paddock.gateway import control

if TYPE_CHECKING:
    from pathlib import Path


class Known:
    """A live sandbox, as far as granting looks at it."""

    def __init__(self, directory: Path) -> None:
        self.directory = str(directory)

    def data(self) -> dict[str, Any]:
        return {"repository": self.directory}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the gateway of a sandbox would hear; with a floor below `tmp_path`."""
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(live, "find", lambda _: Known(tmp_path))

    def ask(_: str, request: dict[str, Any]) -> dict[str, Any]:
        heard.append(request)
        return {"schema": 1}

    monkeypatch.setattr(control, "ask", ask)
    monkeypatch.setattr(state, "FLOOR", str(tmp_path / "floor.toml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return heard


def test_each_host_is_one_request_with_its_author_and_reason(asked: list[dict[str, Any]]) -> None:
    granting.allow("x", ["A.example.test", "*.b.test:8443"], lasts="30m", why="docs")
    assert [(one["place"]["host"], one["place"]["port"]) for one in asked] == [
        ("a.example.test", 443),
        ("*.b.test", 8443),
    ]
    assert {(one["do"], one["for_s"], one["why"]) for one in asked} == {("allow", 1800.0, "docs")}
    assert all(one["author"] for one in asked)


def test_a_service_of_the_host_is_allowed_by_its_word(asked: list[dict[str, Any]]) -> None:
    granting.allow("x", ["host:5432"])
    (one,) = asked
    assert (one["place"]["host"], one["place"]["upstream"], one["place"]["raw"]) == ("host", "127.0.0.1:5432", True)


def test_a_denial_without_a_port_is_for_every_port(asked: list[dict[str, Any]]) -> None:
    granting.deny("x", ["a.test", "*.b.test:80"])
    assert [one["place"] for one in asked] == [{"host": "a.test", "port": 0}, {"host": "*.b.test", "port": 80}]


@pytest.mark.parametrize(("hosts", "lasts"), [(["127.1"], ""), (["ok.test", "*"], ""), (["ok.test"], "soon")])
def test_one_mistake_and_nothing_is_asked(asked: list[dict[str, Any]], hosts: list[str], lasts: str) -> None:
    with pytest.raises(Usage):
        granting.allow("x", hosts, lasts=lasts)
    assert asked == []


@pytest.mark.root
def test_the_floor_bounds_a_grant(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "floor.toml").write_text('[network]\nmode = "allow"\nallow = ["*.wide.test"]\n')
    os.chmod(tmp_path / "floor.toml", 0o644)
    with pytest.raises(PolicyError, match=r"narrow\.test:443 cannot be allowed"):
        granting.allow("x", ["a.wide.test", "narrow.test"])
    assert asked == []
    granting.allow("x", ["a.wide.test"])
    assert len(asked) == 1
