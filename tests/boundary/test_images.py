"""Images as roots: who works in them, what they are told by, and that nothing is fetched or taken on trust."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import engine, images
from paddock.boundary.images import Account, Known
from paddock.errors import BoundaryUnavailable, Refused
from paddock.policy.model import Origin
from tests import busybox
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Person

FLAG = Origin("flag", "--image")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    base = tmp_path_factory.mktemp("ann")
    for person in busybox.person_with_it(base):
        busybox.build(person, base / "rootful", "localhost/paddock-test-root:1", user="root")
        yield person


@pytest.fixture
def own(ann: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    for name, value in ann.environ.items():
        monkeypatch.setenv(name, value)
    return ann


@needs("podman", "busybox")
@pytest.mark.usefixtures("own")
class TestReal:
    def test_its_person_variables_and_identifier_are_the_images(self) -> None:
        found = images.rooted(busybox.IMAGE, FLAG)
        assert (found.person.name, found.person.uid, found.person.home) == ("ann", 1000, "/home/ann")
        assert dict(found.environment)["EDITION"] == "first"
        assert found.identifier.isalnum()
        assert found.shell == "/bin/sh"

    def test_an_image_for_root_gets_its_first_ordinary_person(self) -> None:
        assert images.rooted("localhost/paddock-test-root:1", FLAG).person.name == "ann"

    def test_who_is_asked_for_is_taken_and_a_stranger_is_not(self) -> None:
        assert images.rooted(busybox.IMAGE, FLAG, user="bob").person.uid == 1001
        with pytest.raises(Refused, match="no user eve"):
            images.rooted(busybox.IMAGE, FLAG, user="eve")
        for root in ("root", "0"):
            with pytest.raises(Refused, match="would be root"):
                images.rooted(busybox.IMAGE, FLAG, user=root)

    def test_an_image_that_is_not_here_is_not_fetched(self) -> None:
        with pytest.raises(BoundaryUnavailable) as caught:
            images.look("registry.example.test/no/such:1")
        assert "podman pull registry.example.test/no/such:1" in caught.value.next_step

    @pytest.mark.parametrize("has_docker", [True, False])
    def test_one_that_docker_may_have_can_be_brought_over(
        self, monkeypatch: pytest.MonkeyPatch, has_docker: bool
    ) -> None:
        monkeypatch.setattr(engine, "has_docker", lambda: has_docker)
        with pytest.raises(BoundaryUnavailable) as caught:
            images.look("localhost/of-others:1")
        assert caught.value.next_step.endswith("docker save localhost/of-others:1 | podman load") is has_docker

    @pytest.mark.parametrize("name", ["", "--privileged", "-v/:/host", "a\nb", "a\x1b[31mb", "a;id", "$(id)", "A"])
    def test_what_is_no_reference_is_no_name(self, name: str) -> None:
        with pytest.raises(Refused, match="is no image's name"):
            images.rooted(name, FLAG)

    def test_what_was_found_is_remembered_by_its_content_and_rubbish_is_looked_at_again(self, own: Person) -> None:
        first = images.look(busybox.IMAGE)
        kept = own.home / f".local/state/paddock/images/{first.identifier}.json"
        for rubbish in ("", "[]", "{}", json.dumps({"identifier": 1}), '{"accounts": 1, "environment": 2}'):
            kept.write_text(rubbish)
            assert images.look(busybox.IMAGE) == first


def known(*accounts: Account, user: str = "") -> Known:
    return Known("f00d", user, (), accounts)


def test_an_image_without_people_has_somebody_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "look", lambda _: known(Account("root", 0, 0, "/root", "/bin/sh"), user="0"))
    found = images.rooted("x", FLAG)
    assert (found.person.uid, found.person.name, found.person.home) == (1000, "dev", "/home/dev")


@pytest.mark.parametrize(
    "line",
    [
        "eve:x:1000:1000::/:/bin/sh",  # the whole root as a home
        "eve:x:1000:1000::../etc:/bin/sh",
        "eve:x:1000:1000::/home/../etc:/bin/sh",
        "eve:x:-1:1000::/home/eve:/bin/sh",
        "eve:x:99999999999:1000::/home/eve:/bin/sh",
        "eve:x:1000::/home/eve:/bin/sh",
        "ev\x1be:x:1000:1000::/home/eve:/bin/sh",
        "eve:x:\N{ARABIC-INDIC DIGIT ONE}:1000::/home/eve:/bin/sh",
    ],
)
def test_a_line_with_surprises_is_nobody(line: str) -> None:
    assert images._accounts(f"root:x:0:0:root:/root:/bin/sh\n{line}\n")[1:] == ()


@pytest.mark.parametrize("name", ["run.oci.hooks.stdout", "run.oci.seccomp_bpf_data", "org.systemd.property.Slice"])
def test_an_image_that_speaks_to_the_runtime_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Also one that was looked at before: what names its content are its layers, and not its manifest."""
    harmless = {"org.opencontainers.image.base.name": "x", "com.example.team": "red"}
    said = {"Id": "f00d", "Config": None, "Annotations": harmless}
    monkeypatch.setattr(engine, "find_engine", lambda: None)
    monkeypatch.setattr(images, "_inspect", lambda *_: said)
    monkeypatch.setattr(images, "_kept", lambda _: known())
    assert images.look("x") == known()
    said["Annotations"] = {**harmless, name: "/tmp/x"}
    with pytest.raises(Refused) as caught:
        images.look("x")
    assert (caught.value.code, name in caught.value.why) == ("image-annotation", True)


@pytest.mark.parametrize("folder", ["/proc/self/fd/8", "/a/../proc/self/fd/8/", "//dev/fd/7"])
def test_an_image_that_begins_in_a_descriptor_is_refused(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setattr(engine, "find_engine", lambda: None)
    monkeypatch.setattr(images, "_kept", lambda _: known())
    monkeypatch.setattr(images, "_inspect", lambda *_: {"Id": "f00d", "Config": {"WorkingDir": folder}})
    with pytest.raises(Refused) as caught:
        images.look("x")
    assert caught.value.code == "image-folder"
    monkeypatch.setattr(images, "_inspect", lambda *_: {"Id": "f00d", "Config": {"WorkingDir": "/process"}})
    assert images.look("x") == known()
