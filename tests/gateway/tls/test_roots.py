"""Whom the gateway trusts, and the files for programs inside."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.tls import roots
from tests.capabilities import needs
from tests.gateway.secure import Certificates

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def own(tmp_path: Path) -> Certificates:
    (tmp_path / "own").mkdir()
    return Certificates(tmp_path / "own")


@pytest.fixture
def other(tmp_path: Path) -> Certificates:
    (tmp_path / "other").mkdir()
    return Certificates(tmp_path / "other")


def test_keys_and_words_beside_certificates_are_left_out(own: Certificates, other: Certificates) -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
    data = (
        b"a word\n"
        + key
        + own.path.read_bytes().replace(b"\n", b"\r\n")
        + key
        + other.path.read_bytes()
        + own.path.read_bytes()
    )
    assert roots.certificates(data) == (own.path.read_bytes(), other.path.read_bytes())


@given(st.binary(max_size=300))
def test_any_bytes_hold_certificates_or_none(data: bytes) -> None:
    assert all(b"PRIVATE" not in one for one in roots.certificates(data))


def test_a_variable_takes_the_place_of_the_systems_and_others_add(own: Certificates, other: Certificates) -> None:
    mine, theirs = own.path.read_bytes(), other.path.read_bytes()
    assert roots.trusted_here({"SSL_CERT_FILE": str(own.path)}) == (mine,)
    found = roots.trusted_here({"SSL_CERT_FILE": str(own.path), "REQUESTS_CA_BUNDLE": str(other.path)})
    assert found == (mine, theirs)
    assert theirs in roots.trusted_here({"NODE_EXTRA_CA_CERTS": str(other.path)})


@pytest.mark.parametrize("path", ["", "/no/such/file", "/etc", "/etc/passwd"])
def test_a_variable_that_leads_nowhere_changes_nothing(path: str) -> None:
    assert roots.trusted_here({"SSL_CERT_FILE": path}) == roots.trusted_here({})


def test_outside_names_are_verified_and_old_versions_refused(own: Certificates) -> None:
    context = roots.towards_upstreams([own.path.read_bytes()])
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1
    assert roots.towards_upstreams([]).get_ca_certs() == []


def test_the_files_hold_what_the_host_trusts_and_the_authority(
    tmp_path: Path, own: Certificates, other: Certificates
) -> None:
    mine, theirs = own.path.read_bytes(), other.path.read_bytes()
    roots.write(str(tmp_path), theirs, (mine,), {})
    assert (tmp_path / "bundle.pem").read_bytes() == mine + theirs
    assert (tmp_path / "added.pem").read_bytes() == theirs
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("bundle.pem", "added.pem", "java.p12")} == {0o644}


def test_what_was_added_for_node_stays_added(tmp_path: Path, own: Certificates, other: Certificates) -> None:
    roots.write(str(tmp_path), other.path.read_bytes(), (), {"NODE_EXTRA_CA_CERTS": str(own.path)})
    assert (tmp_path / "added.pem").read_bytes() == own.path.read_bytes() + other.path.read_bytes()


def test_a_file_that_is_there_is_not_followed(tmp_path: Path, own: Certificates) -> None:
    (tmp_path / "bundle.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        roots.write(str(tmp_path), own.path.read_bytes(), (), {})
    assert not (tmp_path / "elsewhere").exists()


@needs("java")
def test_java_reads_its_store(tmp_path: Path, own: Certificates, other: Certificates) -> None:
    roots.write(str(tmp_path), other.path.read_bytes(), (own.path.read_bytes(), b"no certificate"), {})
    argv = ["keytool", "-list", "-keystore", str(tmp_path / "java.p12"), "-storepass", "changeit"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.count("trustedCertEntry") == 2
