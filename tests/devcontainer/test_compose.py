"""Compose projects: variables, extends, include, and what is refused or only said."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.compose import Loaded, load
from paddock.devcontainer.document import Broken
from paddock.devcontainer.source import Source

ORIGIN = Source("file", "devcontainer.json")


class Shelf:
    """Files that are only here."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def text(self, path: str) -> tuple[str, str]:
        if not self.inside(path):
            return "", "it lies outside of the repository"
        return (self.files[path], "") if path in self.files else ("", "no such file")

    def shown(self, path: str) -> str:
        return posixpath.relpath(path, "/r")

    def inside(self, path: str) -> bool:
        return posixpath.normpath(path).startswith("/r/") or path == "/r"


def loaded(files: dict[str, str], *paths: str, **environment: str) -> Loaded:
    return load(paths or (next(iter(files)),), Shelf(files), environment, ORIGIN)


def services(files: dict[str, str], *paths: str, **environment: str) -> Any:
    return loaded(files, *paths, **environment).root.data()["services"]


def test_variables_come_from_the_environment_before_dotenv() -> None:
    files = {"/r/c.yml": "services: {a: {image: 'x:$V', user: '${W}'}}", "/r/.env": "V=1\nW=2"}
    assert services(files, V="9") == {"a": {"image": "x:9", "user": "2"}}


def test_what_was_written_is_kept_beside() -> None:
    found = loaded({"/r/c.yml": "services: {a: {image: '${X:-y}', user: $U}}"})
    assert list(found.written.values()) == ["${X:-y}", "$U"]
    assert found.unset == ("U",)


def test_an_extended_service_is_below_its_heir() -> None:
    files = {
        "/r/c.yml": "services: {a: {extends: b, user: u}, b: {extends: {service: c}, cap_add: [B]}, c: {cap_add: [C]}}"
    }
    assert services(files)["a"] == {"cap_add": ["C", "B"], "user": "u"}


def test_a_service_of_another_file_brings_its_folder() -> None:
    files = {
        "/r/c.yml": "services: {a: {extends: {file: sub/d.yml, service: x}, user: u}}",
        "/r/sub/d.yml": "services: {x: {extends: y, image: i}, y: {volumes: ['./v:/v']}}",
    }
    found = loaded(files)
    assert found.root.data()["services"]["a"] == {"volumes": ["./v:/v"], "image": "i", "user": "u"}
    assert found.folders == {"c.yml": "/r", "sub/d.yml": "/r/sub"}


@pytest.mark.parametrize(
    "text",
    [
        "services: {a: {extends: a}}",
        "services: {a: {extends: b}, b: {extends: a}}",
        "services: {a: {extends: {file: c.yml, service: a}}}",
        "include: [c.yml]\nservices: {a: {image: x}}",
    ],
)
def test_circles_are_said(text: str) -> None:
    assert "cycle" in {flaw.code for flaw in loaded({"/r/c.yml": text}).flaws}


def test_a_service_that_is_not_there_is_said() -> None:
    found = loaded({"/r/c.yml": "services: {a: {extends: b}}"})
    assert [(flaw.code, str(flaw.place)) for flaw in found.flaws] == [("no-service", "c.yml:1:25")]


def test_included_projects_have_their_own_folder_and_variables() -> None:
    files = {
        "/r/c.yml": "include: [sub/d.yml, {path: e.yml, env_file: f.env}]\nservices: {a: {image: $V}}",
        "/r/.env": "V=1",
        "/r/sub/d.yml": "services: {b: {image: $V$W, volumes: ['./x:/x']}}",
        "/r/sub/.env": "V=2\nW=2",  # the including project's own values come first
        "/r/e.yml": "services: {c: {image: $W}}",
        "/r/f.env": "W=3",
    }
    found = loaded(files)
    images = {name: one["image"] for name, one in found.root.data()["services"].items()}
    assert images == {"a": "1", "b": "12", "c": "3"}
    assert found.folders["sub/d.yml"] == "/r/sub"


def test_files_that_cannot_be_read_are_said_and_the_others_count() -> None:
    files = {"/r/c.yml": "services: {a: {image: x}}", "/r/d.yml": "services: ["}
    found = loaded(files, "/r/c.yml", "/r/d.yml", "/r/e.yml", "/out/f.yml")
    assert [(one.path, bool(one.why)) for one in found.unread] == [
        ("/r/d.yml", True),
        ("/r/e.yml", True),
        ("/out/f.yml", True),
    ]
    assert [(one.kind, one.path) for one in found.beyond] == [("compose file", "/out/f.yml")]
    assert [flaw.code for flaw in found.flaws] == ["broken-yaml"]
    assert found.root.data() == {"services": {"a": {"image": "x"}}}


@pytest.mark.parametrize(
    ("text", "code"),
    [("[1]", "no-mapping"), ("services: [1]", "wrong-type"), ("srvices: {}", "unknown-key"), ("services: {a: {image: '${'}}", "bad-variable")],
)  # fmt: skip
def test_what_compose_would_not_take_is_a_flaw(text: str, code: str) -> None:
    assert [flaw.code for flaw in loaded({"/r/c.yml": text}).flaws] == [code]


def test_several_documents_of_a_file_are_laid_over_each_other() -> None:
    assert services({"/r/c.yml": "services: {a: {user: x, image: i}}\n---\nservices: {a: {user: y}}"}) == {
        "a": {"user": "y", "image": "i"}
    }


def test_many_heirs_of_a_large_service_are_refused_with_a_place() -> None:
    large = "b: {environment: {" + ", ".join(f"k{number}: 1" for number in range(3000)) + "}}"
    heirs = ", ".join(f"s{number}: {{extends: b}}" for number in range(500))
    with pytest.raises(Broken, match=r"c\.yml:1:"):
        loaded({"/r/c.yml": f"services: {{{large}, {heirs}}}"})


def test_thousands_of_services_are_refused() -> None:
    with pytest.raises(Broken, match="more than 256 services"):
        loaded(
            {"/r/c.yml": "x: &x {image: a}\nservices: {" + ", ".join(f"s{number}: *x" for number in range(1000)) + "}"}
        )


def test_variables_do_not_make_a_small_file_a_huge_one() -> None:
    """A value of 60 kB in `.env`, put in ninety thousand times."""
    long = "A=" + "a" * 60_000
    one = "services: {a: {image: '" + "${A}" * 90_000 + "'}}"
    assert any("more than" in flaw.message for flaw in loaded({"/r/c.yml": one, "/r/.env": long}).flaws)
    many = "services: {a: {image: a, environment: [" + ", ".join(["'${A}'"] * 20_000) + "]}}"
    with pytest.raises(Broken, match="its variables add more than"):
        loaded({"/r/c.yml": many, "/r/.env": long})


def test_includes_that_multiply_end() -> None:
    files = {
        f"/r/{n}.yml": "include: [" + ", ".join(f"{m}.yml" for m in range(100) if m != n) + "]" for n in range(100)
    }
    assert loaded(files, "/r/0.yml").flaws


LINES = st.sampled_from(
    (
        "services:\n",
        "  a:\n",
        "  b:\n",
        "    extends: a\n",
        "    extends: {service: b}\n",
        "    image: $X\n",
        "---\n",
        "    volumes:\n",
        "      - ./x:/x\n",
        "    <<: *m\n",
        "x-m: &m {privileged: true}\n",
        "include:\n",
        "  - c.yml\n",
        "    environment: [A=1]\n",
        "    ports: {a: 1}\n",
    )
)


@given(st.lists(LINES, max_size=14).map("".join))
def test_no_project_is_too_odd(text: str) -> None:
    loaded({"/r/c.yml": text})
