"""What values of run flags mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer import runvalues
from paddock.devcontainer.source import Source

HERE = Source("file", "devcontainer.json", ("runArgs", 0))


@pytest.mark.parametrize(
    ("text", "kind", "source", "target", "read_only", "options"),
    [
        ("/h:/c", "bind", "/h", "/c", False, ()),
        ("/h:/c:ro", "bind", "/h", "/c", True, (("ro", ""),)),
        ("/h:/c:rw,z", "bind", "/h", "/c", False, (("rw", ""), ("z", ""))),
        ("/h:/c:z,ro", "bind", "/h", "/c", True, (("z", ""), ("ro", ""))),
        ("./h:/c", "bind", "./h", "/c", False, ()),
        ("..:/c", "bind", "..", "/c", False, ()),
        ("~/.ssh:/c", "bind", "~/.ssh", "/c", False, ()),
        ("name:/c", "volume", "name", "/c", False, ()),
        ("name-${devcontainerId}:/c", "volume", "name-${devcontainerId}", "/c", False, ()),
        ("${devcontainerId}-x:/c", "volume", "${devcontainerId}-x", "/c", False, ()),
        ("${localWorkspaceFolderBasename}-x:/c", "volume", "${localWorkspaceFolderBasename}-x", "/c", False, ()),
        ("${localWorkspaceFolder}/x:/c", "bind", "${localWorkspaceFolder}/x", "/c", False, ()),
        ("/c", "volume", "", "/c", False, ()),
        ("${localEnv:HOME}/.aws:/c:ro", "bind", "${localEnv:HOME}/.aws", "/c", True, (("ro", ""),)),
        ("${localEnv:A:b}:/c", "bind", "${localEnv:A:b}", "/c", False, ()),
        ("C:\\Users\\a:/c", "bind", "C:\\Users\\a", "/c", False, ()),
        (
            "/r:/c:O,upperdir=/u,workdir=/w",
            "bind",
            "/r",
            "/c",
            False,
            (("O", ""), ("upperdir", "/u"), ("workdir", "/w")),
        ),
        (r"/a\:b:/c", "bind", "/a:b", "/c", False, ()),
        ("v:/x", "volume", "v", "/x", False, ()),
        ("v:/x:ro", "volume", "v", "/x", True, (("ro", ""),)),
        ("C:/Users/a:/c", "bind", "C:/Users/a", "/c", False, ()),
        ("${unclosed:/c", "bind", "${unclosed", "/c", False, ()),
        ("", "volume", "", "", False, ()),
    ],
)
def test_a_volume_has_a_source_a_target_and_options(text, kind, source, target, read_only, options):
    found = runvalues.volume(text, HERE)
    assert (found.kind, found.source, found.target) == (kind, source, target)
    assert (found.read_only, found.asked_read_only, found.options, found.raw) == (read_only, read_only, options, text)


@given(st.text(alphabet=":\\${}ab/C", max_size=20))
def test_any_volume_is_read_and_loses_nothing_but_its_colons(text):
    split = runvalues.parts(text)
    assert sum(len(one.replace(":", "")) for one in split) + text.count("\\:") >= len(text.replace(":", ""))
    assert runvalues.volume(text, HERE).raw == text


def test_a_tmpfs_has_a_target_and_options():
    found = runvalues.tmpfs("/run:rw,size=64m,mode=1777", HERE)
    assert (found.kind, found.source, found.target, found.read_only) == ("tmpfs", "", "/run", False)
    assert found.options == (("rw", ""), ("size", "64m"), ("mode", "1777"))
    assert runvalues.tmpfs("/run:ro", HERE).read_only


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SYS_PTRACE", ["SYS_PTRACE"]),
        ("sys_admin,net_admin", ["SYS_ADMIN", "NET_ADMIN"]),
        ("CAP_SYS_ADMIN", ["SYS_ADMIN"]),
        ("cap_net_raw, all", ["NET_RAW", "ALL"]),
        ("", []),
    ],
)
def test_capabilities_have_one_spelling(text, names):
    assert [one.value for one in runvalues.capabilities(text, HERE)] == names


@pytest.mark.parametrize(
    ("text", "name", "value", "no_new_privileges"),
    [
        ("seccomp=unconfined", "seccomp", "unconfined", False),
        ("seccomp:unconfined", "seccomp", "unconfined", False),
        ("seccomp=/a:b.json", "seccomp", "/a:b.json", False),
        ("label:level=s0:c1", "label", "level=s0:c1", False),
        ("label=disable", "label", "disable", False),
        ("no-new-privileges", "no-new-privileges", "", True),
        ("no-new-privileges:true", "no-new-privileges", "true", True),
        ("no-new-privileges=1", "no-new-privileges", "1", True),
        ("no-new-privileges=false", "no-new-privileges", "false", False),
        ("", "", "", False),
    ],
)
def test_security_options_have_one_spelling(text, name, value, no_new_privileges):
    found = runvalues.security_option(text, HERE)
    assert (found.name, found.value, found.no_new_privileges) == (name, value, no_new_privileges)


@pytest.mark.parametrize(
    ("text", "source", "target", "access"),
    [
        ("/dev/kvm", "/dev/kvm", "", ""),
        ("/dev/kvm:rw", "/dev/kvm", "", "rw"),
        ("/dev/sda:/dev/xvda:rwm", "/dev/sda", "/dev/xvda", "rwm"),
        ("/dev/sda:/dev/xvda", "/dev/sda", "/dev/xvda", ""),
        ("vendor.test/gpu=all", "vendor.test/gpu=all", "", ""),
    ],
)
def test_a_device_has_a_source_a_target_and_access(text, source, target, access):
    found = runvalues.device(text, HERE)
    assert (found.source, found.target, found.access) == (source, target, access)


@pytest.mark.parametrize(
    ("text", "address", "outside", "inside"),
    [
        ("8000", "", "", "8000"),
        ("8000:80", "", "8000", "80"),
        ("127.0.0.1:8000:80", "127.0.0.1", "8000", "80"),
        ("127.0.0.1::80/udp", "127.0.0.1", "", "80/udp"),
        ("[::1]:8000:80", "::1", "8000", "80"),
        ("0.0.0.0:8000-8010:8000-8010", "0.0.0.0", "8000-8010", "8000-8010"),
    ],
)
def test_a_published_port_has_the_address_that_it_is_open_on(text, address, outside, inside):
    found = runvalues.published(text, HERE)
    assert (found.kind, found.address, found.outside, found.inside) == ("publish", address, outside, inside)


@pytest.mark.parametrize("part", ["${", "a:", "a:/", "C:/${", "a:/${x}"])
def test_a_hostile_volume_is_split_in_one_go(part):
    assert runvalues.volume(part * 50_000, HERE).raw
