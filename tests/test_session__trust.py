"""A whole session in which the gateway ends TLS: programs trust it at once, and nobody else's TLS is read."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paddock.plan.trusting import SYSTEM_BUNDLES
from tests.capabilities import needs
from tests.gateway.secure import Certificates, Service, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git", "curl")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def service(certificates: Certificates) -> Iterator[Service]:
    with serving(certificates.server("host")) as made:
        yield made


@pytest.fixture
def bounded(person: Person, service: Service, certificates: Certificates) -> Person:
    """A person whose policy lets one path of a service of this machine be asked."""
    policy = person.home / ".config/paddock/policy.toml"
    policy.parent.mkdir()
    allow = f'{{ host = "host", port = {service.port}, paths = ["/v1/*"] }}'
    policy.write_text(f'[network]\nmode = "allow"\nallow = [{allow}]\n')
    return replace(person, extra={"SSL_CERT_FILE": str(certificates.path)})


def test_a_program_trusts_the_authority_from_its_first_moment(bounded: Person, repo: Path, service: Service) -> None:
    done = bounded.call("run", "--", "curl", "-sS", f"https://host:{service.port}/v1/x", cwd=repo)
    assert json.loads(done.stdout)["line"] == "GET /v1/x HTTP/1.1", done.stderr
    done = bounded.call("run", "--", "curl", "-sS", f"https://host:{service.port}/v2/x", cwd=repo)
    assert json.loads(done.stdout)["reason"] == "rule-request"


def test_a_program_that_follows_no_variable_finds_it_where_the_system_keeps_its_own(
    bounded: Person, repo: Path, service: Service
) -> None:
    bundle = next((path for path in SYSTEM_BUNDLES if os.path.isfile(path)), "")
    assert bundle, "this system has no file of authorities in a known place"
    ask = (
        f"unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE; curl -sS --cacert {bundle} https://host:{service.port}/v1/x"
    )
    done = bounded.call("run", "--", "sh", "-c", ask, cwd=repo)
    assert json.loads(done.stdout)["line"] == "GET /v1/x HTTP/1.1", done.stderr
    done = bounded.call("run", "--", "sh", "-c", f"echo x >> {bundle} || umount {bundle} || rm {bundle}", cwd=repo)
    assert done.returncode != 0


def test_the_files_are_read_only_and_hold_no_key(bounded: Person, repo: Path) -> None:
    script = (
        "cat /run/paddock/trust/*.pem | grep -c PRIVATE; touch /run/paddock/trust/x || rm /run/paddock/trust/added.pem"
    )
    done = bounded.call("run", "--", "sh", "-c", script, cwd=repo)
    assert done.stdout == "0\n"
    assert done.returncode != 0


def test_nothing_is_left_of_them(bounded: Person, repo: Path, tmp_path: Path) -> None:
    bounded.call("run", "--", "true", cwd=repo)
    assert [*tmp_path.rglob("added.pem")] == []


def test_without_termination_there_is_nothing(person: Person, repo: Path) -> None:
    script = "ls /run/paddock; env | grep -c /run/paddock/trust"
    done = person.call("run", "--allow", "example.test", "--", "sh", "-c", script, cwd=repo)
    assert done.stdout == "0\n"
