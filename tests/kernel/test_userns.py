"""User namespaces made for their maps: by root, by anybody, and below that of a container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.kernel import confine, userns
from paddock.kernel.namespaces import CLONE_NEWUSER, Namespaces, is_ours, namespaces_of, setns
from tests.capabilities import needs
from tests.forked import forked
from tests.kernel.test_namespaces import held, target

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["held", "target"]
pytestmark = needs("userns", "unshare")


@pytest.fixture
def own() -> Iterator[Namespaces]:
    """Those of this process."""
    found = namespaces_of(os.getpid())
    yield replace(found, user=os.dup(found.user))
    found.close()


def ids_in(*users: int, become: tuple[int, int] | None = None) -> tuple[int, int]:
    """Who somebody is who enters these user namespaces, one after the other."""

    def look() -> tuple[int, int]:
        for user in users:
            setns(user, CLONE_NEWUSER)
        if become:
            confine.become(*become)
        return os.getuid(), os.getgid()

    return forked(look)


@pytest.mark.root
def test_root_may_ask_for_any_map() -> None:
    made = userns.new("7 4242 1", "8 4343 1")
    assert ids_in(made, become=(7, 8)) == (7, 8)
    os.close(made)


@pytest.mark.root
def test_below_the_hosts_own_somebody_is_nobody_outside(own: Namespaces) -> None:
    """Docker of root's gives its containers no user namespace."""
    found = userns.below(own, (1234, 1235), 0x70000000)
    assert ids_in(found.user, become=(1234, 1235)) == (1234, 1235)
    os.close(found.user)


@pytest.mark.user
def test_below_ones_own_its_root_is_the_one_person(held: Namespaces) -> None:
    """Rootless Docker has one for all of its containers, whose root is the caller."""
    before = held.owner, held.net
    found = userns.below(replace(held, user=os.dup(held.user)), (1234, 1235), 0)
    assert (found.owner, found.net) == before
    assert ids_in(found.owner, found.user) == (1234, 1235)
    os.close(found.user)


@pytest.mark.user
def test_a_map_that_the_kernel_refuses_is_an_error_and_leaves_nobody(held: Namespaces) -> None:
    children = f"/proc/self/task/{os.getpid()}/children"
    with open(children) as file:
        before = file.read()
    with pytest.raises(OSError, match=r"."):
        userns.below(held, (1, 1), 4_000_000_000)
    with open(children) as file:
        assert file.read() == before


def test_one_knows_ones_own(held: Namespaces) -> None:
    own = os.open("/proc/self/ns/user", os.O_RDONLY)
    assert is_ours(own)
    assert not is_ours(held.user)
    os.close(own)
