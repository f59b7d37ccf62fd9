"""A configuration and its hardened one, whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.hardening.compiling import MARK
from tests.hardening.scenes import FILE, IMAGE, again, ask, harden

GOLDEN = Path(__file__).parent.parent / "golden"
TEAMS = """// For format details, see the page of the specification.
{
  "name": "Team",
  "image": "registry.example.test/team/image:1", // from our own registry
  "privileged": true, // paddock: ignore DC201 because it always was
  // the engine of the host
  "mounts": [
    "source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind",
    {"type": "bind", "source": "${localWorkspaceFolder}/data", "target": "/data", "readonly": true} // test data
  ],
  "runArgs": ["--network", "host", "--cap-add=NET_ADMIN", "--init"],
  "containerEnv": { "GH_TOKEN": "${localEnv:GH_TOKEN}", "TZ": "UTC" },
  "appPort": "8000:8000",
  "initializeCommand": "make certificates",
  "postCreateCommand": "sudo make install",
  "customizations": {
    "vscode": {"extensions": ["example.lint"], "settings": {"task.allowAutomaticTasks": "on", "editor.tabSize": 2}},
    "paddock": {"limits": {"memory": "2GiB"}}
  },
  "remoteUser": "root"
}
"""


def test_a_teams_file_and_what_becomes_of_it(tmp_path):
    found = harden(tmp_path, TEAMS, image=ask(user="root", digests=(f"{IMAGE[:-2]}@sha256:{'0' * 64}",)))
    assert found.text == (GOLDEN / "hardened.jsonc").read_text()


def test_its_own_work_stays_byte_for_byte_and_so_does_the_teams_file(tmp_path):
    found = harden(tmp_path, TEAMS, image=ask(user="root"))
    same = again(found, ask(user="root"))
    assert same.found.after == found.found.after
    assert same.changes == ()
    assert not same.found.differs
    assert (tmp_path / "app" / FILE).read_text() == TEAMS


def test_what_somebody_put_into_it_afterwards_goes_again(tmp_path):
    found = harden(tmp_path, {})
    again(found)
    place = tmp_path / "app" / found.case.target
    place.write_text(found.text.replace('"name"', '"privileged": true,\n  "name"'))
    after = again(harden(tmp_path, {}))
    assert "privileged" not in after.data
    assert after.text.startswith(MARK)


@pytest.mark.parametrize(
    ("config", "user", "asked", "wanted"),
    [
        ({}, "dev", {}, None),
        ({"remoteUser": "node"}, "root", {}, None),
        ({"remoteUser": "root"}, "dev", {}, "dev"),
        ({"containerUser": "root", "remoteUser": "node"}, "root", {}, "node"),
        ({}, "root", {}, "1000"),
        ({}, "root", {"user": "node"}, "node"),
        ({"runArgs": ["--user=0"], "remoteUser": "node"}, "root", {}, "node"),
        ({"remoteUser": "root"}, "root", {"keeps": ("DC207=it mounts",)}, "root"),
    ],
)
def test_nobody_is_root(tmp_path, config, user: str, asked, wanted: str | None):
    found = harden(tmp_path, config, image=ask(user=user), **asked).data
    assert found.get("remoteUser") == (wanted or config.get("remoteUser"))
    assert not any(one.startswith("--user=") for one in found["runArgs"])


def test_a_file_without_a_name_gets_one_that_editors_can_offer(tmp_path):
    assert harden(tmp_path, {}).data["name"] == "dev container (paddock)"
    assert harden(tmp_path, {"name": "x (paddock)"}).data["name"] == "x (paddock)"


def test_an_image_is_named_for_ever_where_a_registry_has_a_name_for_it(tmp_path):
    digest = f"sha256:{'0' * 64}"
    held = ask(digests=(f"registry.example.test/team/image@{digest}",))
    found = harden(tmp_path, {}, image=held)
    assert found.data["image"] == f"{IMAGE}@{digest}"
    assert "DC501" in found.rules
    other = ask(digests=(f"registry.example.test/other@{digest}",))
    assert harden(tmp_path, {}, image=other).data["image"] == IMAGE
    assert harden(tmp_path, {}, image=held, keeps=("DC501=nightly",)).data["image"] == IMAGE
    local = {"image": "localhost/image:1"}
    assert harden(tmp_path, local, image=ask(digests=(f"localhost/image@{digest}",))).data["image"] == local["image"]


@pytest.mark.parametrize(
    ("config", "kept"),
    [
        (
            {
                "privileged": True,
                "mounts": ["source=${localEnv:HOME}/.ssh,target=/keys,type=bind"],
                "capAdd": ["SYS_ADMIN"],
            },
            ("DC201", "DC103", "DC202", "DC601", "DC301"),
        ),
        (
            {
                "runArgs": [
                    "--init",
                    "-v",
                    "/var/run/docker.sock:/s",
                    "--name=x",
                    "--network",
                    "own",
                    "--cap-add=SYS_ADMIN",
                ]
            },
            ("DC101", "DC202", "DC301"),
        ),
        (
            {"features": {"registry.example.test/devcontainers/features/docker-outside-of-docker:1": {}}},
            ("DC101", "DC204"),
        ),
    ],
)
def test_what_is_kept_is_suppressed_where_check_would_find_it(tmp_path, config, kept: tuple[str, ...]):
    from paddock.checking import rule, whole
    from paddock.checking.reading import Reader
    from paddock.checking.search import of_file
    from paddock.hardening import writing

    found = harden(tmp_path, config, keeps=tuple(f"{one}=of the tests" for one in kept))
    writing.write(found.case, found.found)
    opened = of_file(str(tmp_path / "app" / found.case.target))
    wanted = whole.Wanted(rule.load(), rule.functions(), "2026-11-21")
    reader = Reader(str(tmp_path / "app"), ask=ask())
    report = whole.check([reader.read(opened, opened.configurations[0])], wanted)
    assert {row.finding.rule for row in report.rows if row.state == "suppressed"} == {*kept}
    assert report.failing == ()
    assert not [row for row in report.rows if row.finding.rule == "DC003"]
