"""Which commands install what."""

from __future__ import annotations

import pytest

from paddock.checking.facts.packages import install, unchecked, unsigned
from paddock.checking.facts.shell import commands


@pytest.mark.parametrize(
    ("text", "shown", "named"),
    [
        ("npm ci", "npm ci", False),
        ("npm install -g @devcontainers/cli", "npm install @devcontainers/cli", True),
        ("npm i", "npm i", False),
        ("pip install -r requirements.txt", "pip install", False),
        ("pip install -U pip wheel build", "pip install pip wheel", True),
        ("uv pip install x", "uv pip x", True),
        ("npx create-thing app", "npx create-thing app", True),
        ("poetry install", "poetry install", False),
        ("dotnet tool restore", None, False),
        ("uv run x", None, False),
        ("npm", None, False),
    ],
)
def test_a_package_by_name_is_told_from_those_of_the_project(text: str, shown: str | None, named: bool) -> None:
    found = install(commands(text)[0])
    assert (found.shown if found else None) == shown
    assert bool(found and found.named) is named


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("pip install git+https://example.test/x@main y", ("git+https://example.test/x@main",)),
        ("pip install x@git+https://example.test/x", ("x@git+https://example.test/x",)),
        ("npm install github:example/x", ("github:example/x",)),
        ("pip install --index-url https://example.test/simple x", ()),
        ("pip install x==1", ()),
    ],
)
def test_addresses_are_told_from_names(text: str, addresses: tuple[str, ...]) -> None:
    found = install(commands(text)[0])
    assert found
    assert found.addresses == addresses


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apk add --allow-untrusted x.apk", "--allow-untrusted"),
        ("apt-get -o APT::Get::AllowUnauthenticated=true install x", "APT::Get::AllowUnauthenticated=true"),
        ("apt-key add -", "apt-key add"),
        ("echo deb [arch=amd64 trusted=yes] https://x", "[trusted=yes]"),
        ("apt-get install x", ""),
        ("apt-key list", ""),
    ],
)
def test_packages_without_a_signature(text: str, said: str) -> None:
    assert unsigned(commands(text)[0]) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("curl -sk x", "curl -sk"),
        ("curl --insecure x", "curl --insecure"),
        ("pip install --trusted-host=x y", "pip --trusted-host=x"),
        ("npm config set strict-ssl false", "npm strict-ssl"),
        ("git -c http.sslVerify=false clone x", "git http.sslVerify"),
        ("curl -K f x", ""),
        ("git config http.sslVerify true", ""),
    ],
)
def test_certificates_that_nobody_checks(text: str, said: str) -> None:
    assert unchecked(commands(text)[0]) == said
