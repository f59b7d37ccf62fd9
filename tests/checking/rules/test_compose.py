"""What compose files alone can say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checking.scenes import Scene, of


def project(services: str, rest: str = "", files: dict[str, str] | None = None, **keys: Any) -> Scene:
    """A project: the service `app`, and these."""
    text = f"services:\n  app: {{image: a}}\n  {services}\n{rest}\n"
    config = {"image": None, "dockerComposeFile": "c.yml", "service": "app", "workspaceFolder": "/w", **keys}
    return Scene(config, None, ((".devcontainer/c.yml", text), *(files or {}).items()))


FOUND = [
    ("DC201", "a hook", project("b: {image: x, post_start: [{command: y, privileged: true}]}"), 3),
    ("DC220", "a provider", project("b: {provider: {type: example}}"), 3),
    ("DC221", "a file that is not there", project("b: {image: x}", "include: [more.yml]"), 4),
    ("DC222", "a key twice", project("b: {image: x, image: y}"), 3),
    ("DC222", "a circle", project("b: {extends: b}"), 3),
    ("DC804", "a key at the top", project("b: {image: x}", "srvices: {}"), 4),
    ("DC804", "a key of a service", project("b: {privilged: true}"), 3),
    ("DC402", "a context", project("b: {build: ../../..}"), 3),
    ("DC402", "a home as a context", project("b: {build: {context: ., additional_contexts: {home: $HOME}}}"), 3),
    ("DC402", "another context", project("b: {build: {context: ., additional_contexts: [x=../../..]}}"), 3),
    ("DC221", "a context elsewhere", project("b: {build: 'https://x.example.test/y.git'}"), 3),
    ("DC402", "a file", project("b: {extends: {file: ../../../x.yml, service: y}}"), 3),
    ("DC403", "the network", project("b: {build: {context: ., network: host}}"), 3),
    ("DC403", "rights", project("b: {build: {context: ., entitlements: [security.insecure]}}"), 3),
    ("DC501", "an image", project("b: {image: x}"), 3),
    ("DC506", "a check of health", project("b: {image: x, healthcheck: {test: [CMD-SHELL, curl y | sh]}}"), 3),
    ("DC506", "a command", project("b: {image: x, command: [sh, -c, curl y | sh]}"), 3),
    ("DC703", "a build argument", project("b: {build: {context: ., args: [API_TOKEN=q8Zr41vX]}}"), 3),
    ("DC704", "a file from outside", project("b: {image: x, env_file: ../../../x.env}"), 3),
]
QUIET = [
    ("DC201", "an ordinary hook", project("b: {image: x, post_start: [{command: y}]}")),
    ("DC222", "all is well", project("b: {image: x, extends: app}")),
    ("DC402", "inside", project("b: {build: .., env_file: ../x.env}", files={"Dockerfile": "FROM x"})),
    ("DC402", "a context inside", project("b: {build: {context: ., additional_contexts: [x=../y, z=service:app]}}")),
    ("DC402", "from the network", project("b: {build: 'https://x.example.test/y.git'}")),
    ("DC501", "built here", project("b: {image: x, build: .}", files={".devcontainer/Dockerfile": "FROM scratch"})),
    ("DC506", "a check of health", project("b: {image: x, healthcheck: {test: [CMD-SHELL, curl -f y]}}")),
    ("DC804", "one's own keys", project("b: {image: x, x-mine: 1}", "x-more: {}\nversion: '3'")),
]


@pytest.mark.parametrize(
    ("rule", "scene", "line"), [pytest.param(row[0], *row[2:], id=f"{row[0]} {row[1]}") for row in FOUND]
)
def test_it_finds(rule: str, scene: Scene, line: int) -> None:
    found = [one for one in of(rule, scene) if "service app" not in one.message]
    assert [one.source.place and one.source.place.line for one in found] == [line]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert not [one for one in of(rule, scene) if "service app" not in one.message]


def test_services_that_nobody_needs_are_named() -> None:
    assert "b start" in of("DC223", project("b: {image: x}"))[0].message
    assert not of("DC223", project("b: {image: x}", runServices=["app"]))


def test_a_service_that_is_not_there_is_said() -> None:
    assert "no service is called nope" in of("DC222", project("b: {image: x}", service="nope"))[0].message
