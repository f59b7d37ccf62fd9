"""Facts about a place, collected in this very process and in a sandbox."""

from __future__ import annotations

import os

from paddock.probes.inside import facts

NAMESPACES = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net", "user")}


def test_a_process_outside_shares_all_namespaces_with_itself() -> None:
    found = facts.collect({"namespaces": NAMESPACES})
    assert found["shared namespaces"] == "mnt, pid, net, user"
    assert found["own namespaces"] == "none"


def test_every_fact_is_a_short_text() -> None:
    found = facts.collect({"namespaces": {**NAMESPACES, "pid": "x" * 1000}})
    assert found["own namespaces"] == "pid"
    assert {"kernel", "user", "capabilities", "mounts", "seccomp", "no new privileges"} <= found.keys()
    assert all(0 < len(text) <= 200 for text in found.values())


def test_what_cannot_be_found_out_is_left_out() -> None:
    found = facts.collect({"namespaces": {"no such thing": "pid:[1]"}})
    assert "own namespaces" not in found
    assert found["kernel"].startswith("Linux ")
