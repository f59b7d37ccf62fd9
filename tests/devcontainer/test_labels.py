"""What local images say about themselves."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import labels

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = {
    "Id": "sha256:00",
    "Config": {
        "User": "1000",
        "Env": ["PATH=/bin", "A=b=c", "BARE"],
        "Entrypoint": ["/init"],
        "Cmd": ["sh"],
        "Labels": {labels.LABEL: '[{"privileged": true}]'},
    },
}


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """A folder with an engine that writes its arguments down and answers what it is told to."""

    def make(answer: str, status: int = 0, complaint: str = "", name: str = "docker") -> str:
        path = tmp_path / name
        (tmp_path / "answer").write_text(answer)
        path.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >'{tmp_path}/asked'\nenv >'{tmp_path}/environment'\n"
            f"cat '{tmp_path}/answer'\necho '{complaint}' >&2\nexit {status}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(tmp_path)

    return make


def test_an_image_says_its_label_user_environment_and_entrypoint(engine):
    place = engine(json.dumps([ANSWER]))
    found = labels.ask("example:1", engines=["docker"], directories=[place], environ={})
    assert isinstance(found, labels.Image)
    assert (found.user, found.entrypoint, found.command) == ("1000", ("/init",), ("sh",))
    assert found.environment == (("PATH", "/bin"), ("A", "b=c"), ("BARE", ""))
    assert (found.engine, found.digest, found.metadata) == ("docker", "sha256:00", '[{"privileged": true}]')


def test_an_engine_is_asked_only_what_it_has_and_gets_only_where_its_images_are(engine, tmp_path):
    place = engine(json.dumps([ANSWER]))
    given_environment = {
        "HOME": "/home/p",
        "SECRET": "x",
        "DOCKER_HOST": "unix:///run/d.sock",
        "CONTAINER_HOST": "tcp://a",
    }
    labels.ask("example:1", engines=["docker"], directories=[place], environ=given_environment)
    assert (tmp_path / "asked").read_text().split() == ["image", "inspect", "--", "example:1"]
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "environment").read_text().splitlines())
    assert seen["DOCKER_HOST"] == "unix:///run/d.sock"
    assert not {"SECRET", "CONTAINER_HOST"} & set(seen)


@pytest.mark.parametrize("name", ["-v", "--help", "a b", "${localEnv:IMAGE}", "", "a\nb", "x" * 600])
def test_what_is_no_name_is_never_put_on_a_command_line(engine, tmp_path, name):
    place = engine(json.dumps([ANSWER]))
    found = labels.ask(name, engines=["docker"], directories=[place], environ={})
    assert isinstance(found, labels.NotKnown)
    assert "name" in found.why
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("status", "complaint", "why"),
    [
        (1, "Error: No such image: example:1", "docker does not have it"),
        (125, "Error: inspecting object: example:1: image not known", "docker does not have it"),
        (1, "Cannot connect to the Docker daemon", "docker says: Cannot connect to the Docker daemon"),
    ],
)
def test_an_image_that_is_not_there_is_not_known(engine, status, complaint, why):
    place = engine("[]", status, complaint)
    found = labels.ask("example:1", engines=["docker"], directories=[place], environ={})
    assert found == labels.NotKnown("example:1", why)


def test_without_engines_nothing_is_known():
    found = labels.ask("example:1", directories=["/nonexistent"], environ={})
    assert found == labels.NotKnown("example:1", "podman is not installed; docker is not installed")


def test_podman_is_not_asked_where_asking_would_make_its_store(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "_STORES", {"root": "/nonexistent", "all": "/nonexistent"})
    place = engine(json.dumps([ANSWER]), name="podman")
    found = labels.ask("example:1", engines=["podman"], directories=[place], environ={"HOME": str(tmp_path)})
    assert found == labels.NotKnown("example:1", "podman has no images here")
    assert not (tmp_path / "asked").exists()
    store = {"HOME": str(tmp_path), "CONTAINERS_STORAGE_CONF": str(tmp_path)}
    assert isinstance(labels.ask("example:1", engines=["podman"], directories=[place], environ=store), labels.Image)


def test_an_engine_that_does_not_end_is_not_waited_for(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "TIMEOUT_S", 0.2)
    place = engine("")
    (tmp_path / "docker").write_text("#!/bin/sh\nexec sleep 60\n")
    found = labels.ask("example:1", engines=["docker"], directories=[place], environ={})
    assert isinstance(found, labels.NotKnown)
    assert "docker does not answer" in found.why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Config", "Labels", "Env", "User", "Id", labels.LABEL]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON.map(json.dumps) | st.text(max_size=10))
def test_an_answer_is_an_image_or_a_reason(answer):
    found = labels.read(answer.encode("utf-8", "surrogatepass"), "example:1", "docker")
    assert isinstance(found, str | labels.Image)


def test_an_answer_without_end_is_not_read():
    assert labels.read(b"[" * (labels.LARGEST + 1), "example:1", "docker") == "docker says more about it than 4 MiB"
    assert labels.read(b"[" * 100_000, "example:1", "docker") == "docker says what cannot be read"
