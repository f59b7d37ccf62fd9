"""Who runs inside, and what holds them back."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import IMAGE, Scene, compose, feature, file, flags, hook, label, of

HARD = ("--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only")
PUBLISHED = "registry.example.test/devcontainers/python:3.12"
FOUND = [
    ("DC207", "said", file(remoteUser="root")),
    ("DC207", "said as a number with a group", file(remoteUser=None, containerUser="0:0")),
    ("DC207", "by a flag", flags("--user", "root", remoteUser=None)),
    ("DC207", "by the label", replace(label(remoteUser="root"), config={"remoteUser": None})),
    ("DC207", "by an image that nobody knows", Scene({"remoteUser": None}, "unknown")),
    ("DC208", "in a hook", hook("sudo chown dev /x")),
    ("DC208", "in the middle of a hook", hook("make && /usr/bin/sudo -E make install")),
    ("DC208", "in a list", hook(["bash", "-c", "sudo make"])),
    ("DC208", "in a named hook", hook({"one": "make", "two": "sudo make"})),
    ("DC208", "in the label's hook", label(postStartCommand="sudo service x start")),
    ("DC208", "in a Feature's hook", feature(postCreateCommand="sudo x")),
    ("DC208", "of a published image", file(image=PUBLISHED)),
    (
        "DC208",
        "of a known Feature",
        file(features={"registry.example.test/devcontainers/features/common-utils:2.5.1": {}}),
    ),
    ("DC209", "nothing is dropped", file()),
    ("DC209", "one is dropped", flags("--cap-drop=NET_RAW")),
    ("DC209", "a property that there is not", file(capDrop=["ALL"])),
    ("DC209", "a flag that compose ignores", compose(runArgs=["--cap-drop=ALL"])),
    ("DC210", "nothing is said", file()),
    ("DC211", "nothing is said", file()),
    ("DC211", "false", flags("--read-only=false")),
]
QUIET = [
    ("DC207", "a published image, whose label sets a user", Scene({"remoteUser": None, "image": "registry.example.test/devcontainers/go:1"}, "unknown")),
    ("DC207", "somebody else", file()),
    ("DC207", "the image's user", file(remoteUser=None)),
    ("DC208", "in a text", hook("echo 'sudo is not needed'")),
    ("DC208", "which cannot work", hook("sudo make", securityOpt=["no-new-privileges"])),
    ("DC208", "on the host", hook("sudo modprobe x", "initializeCommand")),
    ("DC208", "of a published image, as root", file(image=PUBLISHED, remoteUser="root")),
    ("DC208", "of a Feature without a user", file(features={"registry.example.test/devcontainers/features/common-utils:2.5.1": {"username": "none"}})),
    ("DC209", "ALL", flags(*HARD)),
    ("DC209", "all, in small letters", flags("--cap-drop", "all")),
    ("DC209", "by a service", compose("cap_drop: [ALL]")),
    ("DC209", "by a compose file that is not there", file(image=None, dockerComposeFile="none.yaml", service="app", workspaceFolder="/w")),
    ("DC210", "by a flag", flags(*HARD)),
    ("DC210", "by the property", file(securityOpt=["no-new-privileges:true"])),
    ("DC210", "by a service", compose("security_opt: ['no-new-privileges=true']")),
    ("DC210", "by the label", label(securityOpt=["no-new-privileges"])),
    ("DC211", "by a flag", flags(*HARD)),
    ("DC211", "by a service", compose("read_only: true")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_root_weighs_more_where_the_engine_is_root_too() -> None:
    scene = file(remoteUser="root")
    assert [one.severity for one in of("DC207", scene)] == ["low"]
    assert [one.severity for one in of("DC207", replace(scene, around={"rootless": False}))] == ["high"]


@pytest.mark.parametrize(
    ("why", "scene", "safe"),
    [
        ("an ordinary user, and nothing else", file(), True),
        ("a hook becomes root", hook("sudo make"), False),
        ("nobody says who runs", file(remoteUser=None), False),
        ("root", file(remoteUser="root"), False),
        ("a Feature's entrypoint may need it", feature(entrypoint="/x.sh"), False),
        ("with compose there is no property", compose(), False),
    ],
)
def test_rights_are_only_taken_where_nothing_in_the_file_uses_them(why: str, scene: Scene, safe: bool) -> None:
    for rule in ("DC209", "DC210"):
        (found,) = of(rule, scene)
        assert bool(found.edits) is safe, why


def test_the_script_of_a_hook_is_read_too() -> None:
    scene = replace(hook("bash .devcontainer/set-up.sh"), files=((".devcontainer/set-up.sh", "set -e\nsudo make\n"),))
    (found,) = of("DC208", scene)
    assert str(found.source.place) == ".devcontainer/set-up.sh:2:1"
    assert of("DC208", replace(scene, config={"postCreateCommand": "bash /opt/.devcontainer/set-up.sh"})) == []


def test_no_image_is_pulled_to_know_its_user() -> None:
    (found,) = of("DC207", Scene({"remoteUser": None}, "unknown"))
    assert "not known here" in found.message
    assert IMAGE not in found.message
