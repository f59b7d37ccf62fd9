"""A person whose sandboxes are guests of gVisor's, in containers in storage of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.boundary import runsc
from tests import podman

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

KNOWN: list[str] = []  # the platform that works here: not tried again for each person


def person_of(home: Path) -> Iterator[Person]:
    """The person, with a policy that says gvisor; afterwards nothing of what podman keeps running for them."""
    one = podman.person_of(home)
    made = next(one)
    policy = home / ".config/paddock/policy.toml"
    policy.write_text(policy.read_text().replace('"podman"', '"gvisor"\nminimum = "gvisor"'))
    program = runsc.find_program()
    for platform in KNOWN:
        runsc.remember(program, platform, made.environ)
    yield made
    KNOWN[:] = [runsc.remembered(program, made.environ)] if runsc.remembered(program, made.environ) else KNOWN
    with pytest.raises(StopIteration):
        next(one)


def sh(person: Person, repo: Path, script: str, *options: str, code: int = 0) -> str:
    """What a script says inside, which has to end with that code."""
    done = person.call("run", "--quiet", *options, "--", "sh", "-c", script, cwd=repo)
    assert done.returncode == code, done.stderr
    return done.stdout
