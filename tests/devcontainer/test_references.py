"""References of Features, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.references import parse

HOST = "registry.example.test"
DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "resource", "tag", "digest", "exact"),
    [
        (f"{HOST}/team/features/go", f"{HOST}/team/features/go", "latest", "", False),
        (f"{HOST}/team/features/go:1", f"{HOST}/team/features/go", "1", "", False),
        (f"{HOST}/team/features/go:1.2.3", f"{HOST}/team/features/go", "1.2.3", "", True),
        (f"{HOST}/team/features/go:1.2.3-rc.1", f"{HOST}/team/features/go", "1.2.3-rc.1", "", True),
        (f"{HOST}:5000/team/features/go", f"{HOST}:5000/team/features/go", "latest", "", False),
        (f"{HOST}:5000/team/go:2", f"{HOST}:5000/team/go", "2", "", False),
        (f"{HOST}/Team/Features/GO:1", f"{HOST}/team/features/go", "1", "", False),
        (f"{HOST}/team/features/go@{DIGEST}", f"{HOST}/team/features/go", "", DIGEST, True),
    ],
)
def test_a_registry_reference_has_a_resource_and_a_version_or_digest(text, resource, tag, digest, exact):
    found = parse(text)
    assert (found.kind, found.resource, found.tag, found.digest) == ("registry", resource, tag, digest)
    assert (found.id, found.exact, found.wrong) == ("go", exact, "")
    assert found.path == resource.partition("/")[2]


@pytest.mark.parametrize(
    ("text", "kind", "resource", "name"),
    [
        ("./local", "local", "local", "local"),
        ("./a/../b/", "local", "b", "b"),
        ("../other/one", "local", "../other/one", "one"),
        ("https://example.test/x/devcontainer-feature-go.tgz", "tarball", None, "go"),
        ("https://example.test/x/devcontainer-feature-go.tgz?token=1", "tarball", None, "go"),
        ("docker-in-docker", "short", "devcontainers/features/docker-in-docker", "docker-in-docker"),
        ("golang", "short", "devcontainers/features/go", "go"),
        ("git@1", "short", "devcontainers/features/git", "git"),
    ],
)
def test_other_references_are_local_folders_tarballs_and_names_of_old(text, kind, resource, name):
    found = parse(text)
    assert (found.kind, found.resource, found.id, found.wrong) == (kind, resource or text, name, "")
    assert not found.exact


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/srv/feature", "absolute"),
        ("https://example.test/go.tar.gz", "devcontainer-feature-ID.tgz"),
        ("no-such-short-name", "./ for a local one"),
        (f"{HOST}/go", "REGISTRY/NAMESPACE/ID"),
        (f"{HOST}/team/go:", "is no version"),
        (f"{HOST}/team/go:a b", "is no version"),
        (f"{HOST}/te am/go", "REGISTRY/NAMESPACE/ID"),
        (f"{HOST}/team/go@md5:00", "no sha256 digest"),
        (f"{HOST}/team/go@sha256:", "no sha256 digest"),
        (f"{HOST}//go", "REGISTRY/NAMESPACE/ID"),
    ],
)
def test_what_the_reference_implementation_refuses_is_said_to_be_wrong(text, says):
    assert says in parse(text).wrong


@given(st.text(max_size=40) | st.from_regex(r"[./:@a-z0-9-]{0,20}", fullmatch=True))
def test_any_text_is_taken_apart_and_keeps_its_text(text):
    found = parse(text)
    assert found.text == text
    assert found.wrong or found.id
