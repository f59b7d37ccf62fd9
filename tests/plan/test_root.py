from __future__ import annotations

import pytest

from paddock.plan import root
from paddock.plan.model import Link
from paddock.policy.model import Amount
from tests.plan.machine import FLAG, Fake, plan, policy, targets


def test_a_merged_usr_is_one_mount_and_its_links() -> None:
    found = plan()
    assert "/usr" in targets(found)
    assert Link("/bin", "usr/bin") in found.links
    assert not {"/bin", "/lib", "/lib32", "/etc", "/home", "/var", "/opt", "/root"} & set(targets(found))


def test_directories_of_the_root_that_are_no_links_are_mounted() -> None:
    host = Fake({})
    for name in ("bin", "lib"):
        del host.tree[name]
    host.tree |= {"bin": {"sh": "x", "bash": "x"}, "lib": {"libc.so": ""}, "nix": {"store": {"a": {}}}}
    found = plan(host=host)
    assert {"/bin", "/lib", "/nix/store"} <= set(targets(found))
    assert "/bin" not in [link.target for link in found.links]


def test_private_directories_fit_into_the_memory_that_they_count_against() -> None:
    for memory in (1 << 20, 64 << 20, 4 << 30, 1 << 40):
        private = root.private("/home/ann", memory)
        assert sum(entry.size_bytes for entry in private) <= max(memory * 21 // 32, 5 * 4096)
        assert all(entry.size_bytes % 4096 == 0 and entry.size_bytes > 0 for entry in private)
    assert root.private("/h", 0) == root.private("/h", root.DEFAULT_MEMORY_BYTES)


def test_their_sizes_follow_the_limit_on_memory() -> None:
    found = plan(rules=policy(limits=(Amount("memory", 1 << 30, FLAG),)))
    assert {entry.target: entry.size_bytes for entry in found.private}["/tmp"] == 1 << 28


@pytest.mark.parametrize("home", ["/", "/usr/home/x", "/tmp", "/proc/1", "relative", "/a:b", "/a\nb", "/nix/store/x"])
def test_a_home_that_cannot_be_mounted(home: str) -> None:
    assert not root.usable_home(home)


@pytest.mark.parametrize("home", ["/home/ann", "/root", "/nonexistent", "/var/lib/ci", "/tmp/x/home", "/usrhome"])
def test_a_home_that_can(home: str) -> None:
    assert root.usable_home(home)
