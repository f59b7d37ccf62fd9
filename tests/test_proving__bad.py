"""Each known bad configuration is caught: a tight box of bubblewrap's, with one mistake that people make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.proving import Wanted, prove
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")

CLEAN = 'env -i HOME="$HOME" PATH=/usr/bin:/bin'
TIGHT = (
    "bwrap --unshare-all --die-with-parent --new-session --cap-drop ALL --ro-bind /usr /usr --symlink usr/bin /bin "
    '--symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp --bind "$PWD" "$PWD"'
)
WATCHED = ("FS-02", "FS-12", "CR-21", "CR-25", "PK-01", "PK-49", "NW-01", "NW-37", "NW-38", "FS-14")


def proven(repo: Path, person: Person, tmp_path: Path, words: str) -> Proof:
    environ = {**person.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    proof = prove(str(repo), Wanted(against=words, only=WATCHED), environ)
    assert proof.complete, proof.trouble
    return proof


def breached(proof: Proof) -> set[str]:
    return {row.id.partition(" ")[0] for row in proof.broken}


def test_the_tight_box_itself_holds_but_for_descriptors_and_sockets_in_the_repository(
    repo: Path, person: Person, tmp_path: Path
) -> None:
    assert breached(proven(repo, person, tmp_path, f"{CLEAN} {TIGHT}")) <= {"FS-14", "NW-38"}


def test_a_socket_that_was_let_in_is_caught(repo: Path, person: Person, tmp_path: Path) -> None:
    proof = proven(repo, person, tmp_path, f'{CLEAN} {TIGHT} --bind "$HOME/agent.sock" /run/docker.sock')
    assert "reached /run/docker.sock" in [what for row in proof.broken for what in row.evidence]


@pytest.mark.parametrize(
    ("words", "caught"),
    [
        (f'{CLEAN} {TIGHT} --bind "$HOME" "$HOME"', {"FS-02"}),
        (f'{CLEAN} bwrap --ro-bind / / --bind "$PWD" "$PWD" --dev /dev', {"FS-02", "FS-12", "PK-01", "PK-49", "NW-01"}),
        (f"{TIGHT.replace('bwrap', 'bwrap --clearenv')}", {"CR-25"}),
        (f"{CLEAN} {TIGHT} --share-net", {"NW-01", "NW-37"}),
        (f"{TIGHT}", {"CR-21"}),
        (f"{CLEAN} {TIGHT.replace('--unshare-all', '--unshare-net')}", {"PK-01", "PK-49"}),
    ],
    ids=["home", "ro-bind-root", "clearenv", "network", "environment", "one-namespace"],
)
def test_one_mistake_is_caught(repo: Path, person: Person, tmp_path: Path, words: str, caught: set[str]) -> None:
    assert caught <= breached(proven(repo, person, tmp_path, words))
