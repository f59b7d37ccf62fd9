"""Images that the reference CLI really builds: outside, when asked, from these very files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import busybox, podman
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("podman", "busybox", "git", "node", "npm", "registries")

FEATURE = '{"id": "tool", "version": "1.0.0", "options": {"word": {"type": "string", "default": "none"}}, "containerEnv": {"TOOL": "here"}}'
INSTALL = '#!/bin/sh\nset -e\necho "$WORD" > /usr-local-tool\n'


@pytest.fixture
def with_cli(ann: Person, reference_program: Path, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """`paddock` with the reference CLI on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "devcontainer").symlink_to(reference_program)
    yield lambda *words, cwd: ann.call(*words, cwd=cwd, PATH=f"{folder}:{ann.environ['PATH']}")
    assert podman.left(ann) == []


def test_a_dockerfile_and_a_feature_are_built_and_run(
    ann: Person, with_cli: Callable[..., object], project: Callable[..., Path]
) -> None:
    place = project()
    inner = place / ".devcontainer"
    (inner / "tool").mkdir()
    (inner / "tool/devcontainer-feature.json").write_text(FEATURE)
    (inner / "tool/install.sh").write_text(INSTALL)
    (inner / "Dockerfile").write_text(f"FROM {busybox.IMAGE}\nENV LAYER=ours\n")
    (inner / "devcontainer.json").write_text(
        '{"build": {"dockerfile": "Dockerfile"}, "features": {"./tool": {"word": "chosen"}}, "remoteUser": "ann"}'
    )
    before = ann.call("run", "--boundary", "podman", "--", "true", cwd=place)
    assert before.returncode == 126
    assert "paddock devcontainer build" in before.stderr, "never built by the way"

    built = with_cli("devcontainer", "build", cwd=place)
    assert built.returncode == 0, built.stderr  # type: ignore[attr-defined]
    assert built.stdout.startswith("built: localhost/paddock-devcontainer:")  # type: ignore[attr-defined]
    seen = ann.call(
        "run", "--boundary", "podman", "--", "sh", "-c", "echo $LAYER $TOOL; cat /usr-local-tool; id -un", cwd=place
    )
    assert seen.stdout.split() == ["ours", "here", "chosen", "ann"], seen.stderr

    (inner / "tool/install.sh").write_text(INSTALL + "# changed\n")
    stale = ann.call("run", "--boundary", "podman", "--", "true", cwd=place)
    assert stale.returncode == 126
    assert "older than its files" in stale.stderr
    removed = ann.call("devcontainer", "rm", cwd=place)
    assert "image localhost/paddock-devcontainer" in removed.stdout


def test_an_image_that_is_only_named_is_not_said_to_be_built(ann: Person, project: Callable[..., Path]) -> None:
    place = project()
    said = ann.call("devcontainer", "build", cwd=place)
    assert said.stdout == f"nothing is to be built, and this image is here: {busybox.IMAGE}\n", said.stderr
    assert ann.call("devcontainer", "rm", cwd=place).returncode == 0


def test_a_build_that_fails_is_shown_and_nothing_counts_as_made(
    ann: Person, with_cli: Callable[..., object], project: Callable[..., Path]
) -> None:
    place = project()
    (place / ".devcontainer/Dockerfile").write_text(f"FROM {busybox.IMAGE}\nUSER root\nRUN exit 7\n")
    (place / ".devcontainer/devcontainer.json").write_text('{"build": {"dockerfile": "Dockerfile"}}')
    failed = with_cli("devcontainer", "build", cwd=place)
    assert failed.returncode == 125  # type: ignore[attr-defined]
    assert "exit 7" in failed.stderr  # type: ignore[attr-defined]
    assert "is not built" in ann.call("run", "--boundary", "podman", "--", "true", cwd=place).stderr


def test_without_the_reference_cli_it_is_named(ann: Person, project: Callable[..., Path]) -> None:
    place = project()
    (place / "devcontainer").write_text("#!/bin/sh\ntouch /tmp/never\n")
    (place / "devcontainer").chmod(0o755)
    (place / ".devcontainer/Dockerfile").write_text("FROM scratch\n")
    (place / ".devcontainer/devcontainer.json").write_text('{"build": {"dockerfile": "Dockerfile"}}')
    done = ann.call("devcontainer", "build", cwd=place, PATH=f"{place}:.:/usr/bin")
    assert done.returncode == 125
    assert "npm install -g @devcontainers/cli" in done.stderr
