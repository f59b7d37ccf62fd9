"""Secrets in the file, and the ways by which the host's come in. The tokens are made up here, and open nothing."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, file, findings, flags, hook, label, of, text

TOKEN = "ghp_" + "a1B2" * 9
VALUE = "kq8-Zt5-Rw2"
FOUND = [
    ("DC702", "of a service", compose("environment: {X: '${GITHUB_TOKEN:-}'}")),
    ("DC702", "of a service, by its name alone", compose("environment: [GITHUB_TOKEN]")),
    ("DC701", "in the container", file(containerEnv={"API_TOKEN": VALUE})),
    ("DC701", "for tools", file(remoteEnv={"dbPassword": VALUE})),
    ("DC701", "by a flag", flags("-e", f"PGPASSWORD={VALUE}")),
    ("DC701", "by the label alone", label(containerEnv={"SECRET_KEY": VALUE})),
    ("DC701", "of a service", compose(f"environment: {{API_TOKEN: {VALUE}}}")),
    ("DC702", "in the container", file(containerEnv={"X": "${localEnv:GITHUB_TOKEN}"})),
    ("DC702", "with another name", file(remoteEnv={"NPM_TOKEN": "${env:X}"})),
    ("DC702", "by a flag without a value", flags("-e", "AWS_SECRET_ACCESS_KEY")),
    ("DC703", "a value", file(image=None, build={"dockerfile": "Dockerfile", "args": {"NPM_TOKEN": VALUE}})),
    (
        "DC703",
        "the host's",
        file(image=None, build={"dockerfile": "Dockerfile", "args": {"X": "${localEnv:NPM_TOKEN}"}}),
    ),
    ("DC704", "a flag", flags("--env-file", ".devcontainer/devcontainer.env")),
    ("DC705", "a .env", replace(file(), files=((".env", "A=1\n"),))),
    ("DC705", "a key", replace(file(), files=(("certs/key.pem", ""),))),
    ("DC706", "a token", file(containerEnv={"X": TOKEN})),
    ("DC706", "in a comment", text(f'{{"image": "x", // {TOKEN}\n"remoteUser": "dev"}}')),
    ("DC706", "by the label alone", label(containerEnv={"X": TOKEN})),
    ("DC707", "a database", file(containerEnv={"URL": f"postgres://app:{VALUE}@db/x"})),
    ("DC708", "a password", file(features={"./extra": {"password": VALUE}})),
    ("DC709", "an assignment", hook(f"export API_TOKEN={VALUE}; make")),
    ("DC709", "for one command", hook(f"API_TOKEN={VALUE} make")),
    ("DC709", "an option", hook(f"tool login --password={VALUE}")),
]
QUIET = [
    ("DC702", "a service's own text", compose("environment: {TOKEN_PATH: '$HOME/x'}")),
    ("DC701", "no value", file(containerEnv={"API_TOKEN": ""})),
    ("DC701", "a variable", file(containerEnv={"API_TOKEN": "${containerEnv:X}"})),
    ("DC701", "a file that holds it", file(containerEnv={"API_TOKEN_FILE": "/run/secrets/x"})),
    ("DC701", "a switch", file(containerEnv={"TOKENIZERS_PARALLELISM": "false", "USE_TOKEN": "true"})),
    ("DC701", "a public key", file(containerEnv={"PUBLIC_KEY": "abcdef"})),
    ("DC701", "a keyboard", file(containerEnv={"KEYBOARD": "de", "KEYMAP": "us"})),
    ("DC701", "a path", file(containerEnv={"SSH_KEY": "/home/dev/key"})),
    ("DC702", "no secret", file(containerEnv={"X": "${localEnv:HOME}"})),
    ("DC703", "a checksum", file(image=None, build={"dockerfile": "Dockerfile", "args": {"TOKEN_SHA": "abcdef123"}})),
    ("DC704", "variables", flags("-e", "A=1")),
    ("DC705", "an example", replace(file(), files=((".env.example", "A=1\n"),))),
    ("DC705", "nothing is mounted", replace(file(workspaceMount="", workspaceFolder="/w"), files=((".env", ""),))),
    ("DC706", "too short", file(containerEnv={"X": "ghp_abc"})),
    ("DC707", "no password", file(containerEnv={"URL": "redis://redis/0", "B": "https://user@example.test/"})),
    ("DC707", "a variable", file(containerEnv={"URL": "postgres://app:${containerEnv:P}@db"})),
    ("DC708", "no secret", file(features={"./extra": {"version": "1"}})),
    ("DC709", "a variable of the shell", hook('API_TOKEN="$TOKEN" make')),
    ("DC709", "a command's output", hook("export API_TOKEN=$(cat /run/secrets/x)")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


@pytest.mark.parametrize("scene", [row[2] for row in FOUND if row[0] >= "DC706" or row[0] in ("DC701", "DC703")])
def test_no_message_holds_the_secret(scene: Scene) -> None:
    for found in findings(scene):
        assert VALUE not in found.message
        assert TOKEN not in found.message


def test_a_password_that_everybody_knows_weighs_little() -> None:
    assert [one.severity for one in of("DC701", file(containerEnv={"PGPASSWORD": "postgres"}))] == ["low"]
    assert [one.severity for one in of("DC701", file(containerEnv={"PGPASSWORD": VALUE}))] == ["high"]


def test_a_token_in_a_variable_is_told_once() -> None:
    assert {one.rule for one in findings(file(containerEnv={"GITHUB_TOKEN": TOKEN})) if one.rule[:3] == "DC7"} == {
        "DC706"
    }
