"""A root that comes from an image: what is the image's, what stays the policy's, and what is never followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import Refused
from paddock.frozen import replace
from paddock.plan import image
from paddock.plan.model import Person
from paddock.policy.model import Origin
from tests.plan.machine import REPOSITORY, assign, plan, policy, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.plan.model import Plan

FLAG = Origin("flag", "--image")
NODE = Person(1000, 1000, "node", "/home/node")


def rooted(folder: str = "", **environment: str) -> image.Rooted:
    return image.Rooted("f00d", "app:1", NODE, "/bin/bash", tuple(environment.items()), FLAG, folder)


def planned(root: image.Rooted, files: Mapping[str, str] | None = None, **given: Any) -> Plan:
    return plan(files, "true", image=root, **given)


def test_nothing_of_the_machines_programs_is_shown() -> None:
    found = planned(rooted(), {"/opt/t/bin/x": "x"}, environ={"PATH": "/opt/t/bin", "JAVA_HOME": "/opt/t"})
    assert not found.mounts
    assert not found.links
    assert {file.target for file in found.files} == {"/etc/hosts", "/etc/resolv.conf", "/etc/gitconfig"}
    assert "JAVA_HOME" not in variables(found)


def test_the_person_is_the_images_own() -> None:
    found = planned(rooted())
    assert found.person == NODE
    assert variables(found)["HOME"] == "/home/node"
    assert variables(found)["SHELL"] == "/bin/bash"
    assert any(private.target == "/home/node" for private in found.private)
    assert found.image is not None
    assert found.image.reference == "f00d"


def test_its_variables_are_below_the_policys() -> None:
    root = rooted(GOPATH="/go", HOME="/root", USER="root", PADDOCK="0", EDITION="1")
    found = variables(planned(root, rules=policy(set_variables=(assign("EDITION", "2"),))))
    assert (found["GOPATH"], found["EDITION"], found["HOME"], found["USER"]) == ("/go", "2", "/home/node", "node")
    assert found["PADDOCK"] == "1"


def test_no_directory_of_the_repository_is_on_its_path() -> None:
    path = f"bin:.:/usr/bin:{REPOSITORY}/bin:/w/node_modules/.bin:/go/bin:/x/..{REPOSITORY}"
    assert variables(planned(rooted("/w", PATH=path)))["PATH"].split(":") == ["/usr/bin", "/go/bin"]


def test_a_path_with_nothing_left_is_the_common_one() -> None:
    assert "/usr/bin" in variables(planned(rooted(PATH=".")))["PATH"].split(":")


PLACES = [
    "/proc",
    "/proc/self/root",
    "/sys/x",
    "/dev",
    "/run",
    "/run/paddock-stage",
    "/etc",
    "/usr",
    "/home",
    "/tmp",
    "/",
]


@pytest.mark.parametrize("place", [*PLACES, REPOSITORY, f"{REPOSITORY}/.git", "/a/../etc", "a", "/a//b", "/a/"])
@pytest.mark.parametrize("what", ["home", "workspaceFolder"])
def test_nothing_that_a_sandbox_is_made_of_is_covered(place: str, what: str) -> None:
    """A home in the repository would be made there, on this machine, where the mode is live."""
    root = rooted(place) if what == "workspaceFolder" else replace(rooted(), person=replace(NODE, home=place))
    with pytest.raises(Refused) as caught:
        planned(root)
    assert caught.value.code == "image-place"
    assert what in caught.value.what


@pytest.mark.parametrize("place", ["/home/node", "/home/node/", "/workspaces/../home"])
def test_the_second_place_of_the_repository_does_not_cover_the_home(place: str) -> None:
    with pytest.raises(Refused, match="no place for it"):
        planned(rooted(place))


@pytest.mark.parametrize("place", ["/workspaces/app", "/home/node/app", "/usr/src/app", '/w,o:r"k', "/srv"])
def test_other_places_are_taken(place: str) -> None:
    found = planned(rooted(place)).image
    assert found is not None
    assert found.folder == place
