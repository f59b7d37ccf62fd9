"""What the second process of the host plants, and takes away."""

from __future__ import annotations

from paddock.probes.inside import victim


def test_a_machine_that_has_none_of_it_is_told_so() -> None:
    numbers = {"add_key": 0x7FFFFFF, "keyctl": 0x7FFFFFF}
    wanted = {"canary": "x", "shm key": 0, "queue": "not a name", "key name": "x", "numbers": numbers}
    said, undo = victim.plant(wanted)
    try:
        assert said["planted"]["key"] is said["planted"]["queue"] is False
    finally:
        for call, *arguments in undo:
            call(*arguments)
