"""Where paths of the host lead, as configurations write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.facts.host_path import HostPath, read

HOME = [
    "~", "$HOME", "${HOME}", "${HOME:-/root}", "${localEnv:HOME}", "${localEnv:HOME:/root}", "${env:HOME}",
    "${localEnv:HOME}${localEnv:USERPROFILE}", "${env:USERPROFILE}", "%USERPROFILE%", "/home/ann", "/root", "/Users/ann",
    "/var/home/ann", "C:\\Users\\ann", "C:/Users/ann", "/c/Users/ann", "/mnt/c/Users/ann", "/host_mnt/c/Users/ann", "/home/./x/../ann/",
]  # fmt: skip


@pytest.mark.parametrize("home", HOME)
def test_a_home_is_a_home_however_it_is_written(home: str) -> None:
    assert read(home).base == "home"
    assert read(home).whole
    assert read(f"{home.rstrip('/')}/.ssh/./x/..").parts == (".ssh",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/", HostPath("root", ())),
        ("/home", HostPath("root", ("home",))),
        ("/home/", HostPath("root", ("home",))),
        ("${localEnv:HOME}/..", HostPath("root", ())),
        ("C:\\", HostPath("root", (), drive="C:")),
        ("/a/b", HostPath("root", ("a", "b"))),
        ("/etc/../var/run/docker.sock", HostPath("root", ("var", "run", "docker.sock"))),
        ("${localWorkspaceFolder}", HostPath("workspace", ())),
        ("${localWorkspaceFolder}/../../..", HostPath("workspace", (), above=3)),
        ("${localWorkspaceFolder}/a/../..", HostPath("workspace", (), above=1)),
        ("${PWD}/x", HostPath("workspace", ("x",))),
        ("./data", HostPath("relative", ("data",))),
        ("../../dev/.data", HostPath("relative", ("dev", ".data"), above=2)),
        ("/repo/sub/x", HostPath("workspace", ("x",))),
        ("/repo/other", HostPath("workspace", ("other",))),
        ("/repository", HostPath("root", ("repository",))),
        ("${localEnv:DATA}/x", HostPath("variable", ())),
        ("$DATA", HostPath("variable", ())),
        ("$HOMEX/.ssh", HostPath("variable", ())),
        ("~ann/.ssh", HostPath("relative", ("~ann", ".ssh"))),
        ("", HostPath("relative", ())),
    ],
)
def test_other_paths_are_what_they_say(text: str, found: HostPath) -> None:
    assert read(text, "/repo/sub", "/repo") == found


@given(st.text(alphabet="/.~$ab{}:\\%C HOME", max_size=40))
def test_any_text_leads_somewhere(text: str) -> None:
    found = read(text, "/repo")
    assert ".." not in found.parts
    assert "" not in found.parts
