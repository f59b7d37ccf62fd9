"""What cannot be taken away is refused, with its rule, its place and what to do."""

from __future__ import annotations

import pytest

from paddock.errors import Refused
from paddock.hardening.needs import means
from tests.hardening.scenes import IMAGE, ask, harden

DIND = "registry.example.test/devcontainers/features/docker-in-docker:2"


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ({"privileged": True}, "DC201"),
        ({"capAdd": ["CHOWN"]}, "DC202"),
        ({"securityOpt": ["seccomp=unconfined"]}, "DC203"),
        ({"securityOpt": ["apparmor=unconfined"]}, "DC204"),
        ({"securityOpt": ["no-new-privileges=false"]}, "DC212"),
    ],
)
def test_rights_of_an_image(tmp_path, label, rule: str):
    with pytest.raises(
        Refused, match=r"\.devcontainer/devcontainer\.json:2:12: .* by the label of the image"
    ) as caught:
        harden(tmp_path, {}, image=ask([label]))
    assert rule in caught.value.why
    assert f'--keep {rule}="REASON"' in caught.value.next_step
    assert caught.value.code == "cannot-harden"
    kept = harden(tmp_path, {}, image=ask([label]), keeps=(f"{rule}=it is built so",))
    assert f"paddock: ignore {rule} because it is built so" in kept.text


def test_rights_of_a_feature_are_told_at_the_feature(tmp_path):
    with pytest.raises(Refused, match=r":4:\d+: the container is privileged, by the Feature") as caught:
        harden(tmp_path, {"features": {DIND: {}}})
    assert caught.value.why.startswith("DC201 privileged: all capabilities, all devices"), "not what was said once"
    assert "--without docker-in-docker" in caught.value.next_step
    assert harden(tmp_path, {"features": {DIND: {}}}, without=("docker-in-docker",)).data["image"] == IMAGE


def test_what_only_takes_away_and_what_the_cli_does_itself_is_no_need(tmp_path):
    label = [{"securityOpt": ["no-new-privileges", "label=disable"], "privileged": False}]
    assert harden(tmp_path, {}, image=ask(label)).data["securityOpt"] == ["no-new-privileges"]


@pytest.mark.parametrize("keeps", [(), ("DC221=we know",)])
def test_a_compose_file_that_is_not_there(tmp_path, keeps):
    config = {"image": None, "dockerComposeFile": "compose.yml", "service": "app"}
    with pytest.raises(Refused, match=r"json:2:24: the compose files do not say .* nothing can be taken away"):
        harden(tmp_path, config, keeps=keeps)


def test_a_part_of_the_project_that_was_not_read_and_a_program_of_the_host(tmp_path):
    config = {"image": None, "dockerComposeFile": "compose.yml", "service": "app"}
    text = "services:\n  app:\n    image: a:1\n    depends_on: [x]\n  x:\n    provider: {type: own}\ninclude: [other.yml]\n"
    files = {".devcontainer/compose.yml": text}
    with pytest.raises(Refused) as caught:
        harden(tmp_path, config, files)
    assert "other.yml was not read" in caught.value.why
    assert "service x starts own on the host" in caught.value.why


def test_a_feature_is_meant_by_its_reference_or_its_short_name():
    assert all(means(word, DIND) for word in (DIND, "docker-in-docker", DIND.removesuffix(":2")))
    assert not means("docker", DIND)
