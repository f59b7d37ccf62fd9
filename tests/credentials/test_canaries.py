"""Canaries look real, open nothing, and are others in every session."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING, Any

from paddock.credentials.canaries import plant
from paddock.frozen import replace
from paddock.plan.model import Network, Planted
from paddock.policy.model import Origin
from tests.capabilities import needs
from tests.plan import machine

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.credentials.canaries import Planting

PERSON = Origin("person", "policy.toml:3")
ALL = tuple(Planted(kind, f"/home/ann/{kind}", PERSON) for kind in ("aws", "ssh", "env"))


def planted(mode: Any = "allow", canaries: tuple[Planted, ...] = ALL) -> Planting:
    return plant(replace(machine.plan(), canaries=canaries, network=Network(mode, (), PERSON)))


def content(kind: str, found: Planting) -> str:
    return dict(found.files)[f"/home/ann/{kind}"]


def test_each_is_known_by_what_its_file_holds() -> None:
    found = planted()
    assert [canary.name for canary in found.canaries] == ["canary-aws", "canary-ssh", "canary-env"]
    assert [canary.place for canary in found.canaries] == [place for place, _ in found.files]
    for canary in found.canaries:
        if canary.name != "canary-ssh":
            assert all(mark.decode() in dict(found.files)[canary.place] for mark in canary.marks)
        assert canary.marks
        assert all(len(mark) >= 16 for mark in canary.marks)


def test_the_keys_have_the_real_shapes() -> None:
    found = planted()
    assert re.fullmatch(
        r"\[default\]\naws_access_key_id = AKIA[A-Z2-7]{16}\naws_secret_access_key = [A-Za-z0-9/+]{40}\n",
        content("aws", found),
    )
    assert re.fullmatch(r"STRIPE_SECRET_KEY=sk_live_[A-Za-z0-9]{99}\n", content("env", found))


@needs("ssh-keygen")
def test_the_private_key_is_read_by_the_real_program(tmp_path: Path) -> None:
    key = tmp_path / "id_ed25519"
    key.write_text(content("ssh", planted()))
    key.chmod(0o600)
    done = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("256 SHA256:"), done.stderr
    assert done.stdout.rstrip().endswith("(ED25519)")


def test_the_mark_of_the_private_key_is_in_it() -> None:
    found = planted()
    lines = content("ssh", found).split("\n")[1:-2]
    assert max(map(len, lines)) == 70
    mark, *others = found.canaries[1].marks
    assert mark in base64.b64decode("".join(lines))
    assert [other.decode() for other in others] == [line for line in lines[1:] if len(line) == 70]
    assert others


def test_every_session_has_others() -> None:
    first, second = planted(), planted()
    for one, other in zip(first.canaries, second.canaries, strict=True):
        assert not set(one.marks) & set(other.marks)


def test_without_a_network_there_are_none() -> None:
    assert planted("off").files == ()
    assert planted("off").canaries == ()
