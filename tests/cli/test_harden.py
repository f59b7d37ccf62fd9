from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paddock.cli import harden
from paddock.cli.parser import parse
from paddock.devcontainer import labels
from paddock.errors import PaddockError, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.outcome import Outcome

FILE = ".devcontainer/devcontainer.json"
PLACE = ".devcontainer/paddock/devcontainer.json"
BAD = '{\n  "image": "registry.example.test/team/image:1",\n  "privileged": true,\n  "features": {"./own": {}}\n}\n'
OWN = '{"id": "own", "version": "1.0.0"}'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(labels, "ask", lambda name: labels.NotKnown(name, "no engine was asked"))
    monkeypatch.setenv("NO_COLOR", "1")
    folder = tmp_path / "app"
    for name, text in ((FILE, BAD), (".devcontainer/own/devcontainer-feature.json", OWN)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    return folder


def perform(*words: str) -> Outcome:
    return harden.perform(parse("harden", harden, words))


def test_a_file_is_written_and_each_change_is_told_with_what_it_may_break(here: Path) -> None:
    outcome = perform("--engine", "podman")
    assert outcome.exit_code == 0
    assert "DC201 privileged: privileged is taken away: the container is privileged\n  may break: " in outcome.text
    assert f": {PLACE}\n" in outcome.text
    assert f"devcontainer up --workspace-folder . --config {PLACE} --docker-path podman" in outcome.text
    assert '"../own": {}' in (here / PLACE).read_text()
    assert "nothing to write, it is so already" in perform("--engine", "podman").text


def test_a_compose_project_is_started_by_the_program_of_the_same_engine(here: Path) -> None:
    (here / ".devcontainer/compose.yaml").write_text("services:\n  app:\n    image: registry.example.test/base:1\n")
    (here / ".devcontainer/devcontainer.json").write_text('{"dockerComposeFile": "compose.yaml", "service": "app"}')
    assert perform("--engine", "podman").text.endswith(" --docker-path podman --docker-compose-path podman-compose\n")
    assert perform("--engine", "docker").text.endswith(f" --config {PLACE}\n")


def test_the_difference_is_shown_and_nothing_is_written(here: Path) -> None:
    outcome = perform("--diff", "--engine", "docker")
    assert '-  "privileged": true,\n' in outcome.text
    assert '+    "--cap-drop=ALL",\n' in outcome.text
    assert ":O" not in outcome.text.replace("podman alone knows :O", "")
    assert not (here / PLACE).exists()


def test_the_file_says_how_to_make_it_again(here: Path) -> None:
    perform("--keep", "DC201=the build's", "--without", "own", "--user", "node", "--engine", "docker")
    text = (here / PLACE).read_text()
    command = "paddock harden --keep 'DC201=the build'\"'\"'s' --without own --user node --engine docker"
    assert command in text.replace("\n// ", " ")
    assert "// paddock: ignore DC201 because the build's" in text
    perform("--config", FILE, "--engine", "docker")
    assert f"paddock harden --config {FILE} --engine docker" in (here / PLACE).read_text().replace("\n// ", " ")


def test_the_data_has_the_files_the_changes_and_what_is_left(here: Path) -> None:
    outcome = perform("--keep", "privileged=why")
    assert outcome.data
    data = json.loads(json.dumps(outcome.data))
    assert data["schema"] == 1
    assert data["files"] == {PLACE: (here / PLACE).read_text()}
    assert data["kept"] == [{"rule": "DC201", "reason": "why"}]
    assert "DC601" in {one["rule"] for one in data["changes"]}
    assert data["written"]
    assert "DC501" in {one["rule"] for one in data["left"]}


def test_what_is_left_is_told_the_worst_by_name(here: Path) -> None:
    (here / FILE).write_text(
        BAD.replace('"./own": {}', "").replace("}\n}", '},\n "postCreateCommand": "curl x.test | sh"\n}')
    )
    text = perform().text
    assert "left: high DC506 curl-pipe-shell, .devcontainer/devcontainer.json:" in text
    assert "other findings: paddock check" in text


@pytest.mark.parametrize("user", ["root", "0", "a b", "$(x)"])
def test_a_user_that_is_root_or_no_name_is_refused(user: str) -> None:
    with pytest.raises(Usage, match="no ordinary user"):
        perform("--user", user)


def test_the_engine_is_the_one_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from paddock import process

    for here, wanted in ((("docker",), "docker"), (("docker", "podman"), "podman"), ((), "podman")):
        monkeypatch.setattr(process, "find", lambda name, here=here: name if name in here else None)
        outcome = perform("--diff")
        assert outcome.data
        assert outcome.data["engine"] == wanted


def test_where_there_is_none_it_says_so(here: Path) -> None:
    (here / FILE).unlink()
    with pytest.raises(PaddockError, match="has no devcontainer"):
        perform()
