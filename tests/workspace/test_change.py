from __future__ import annotations

from paddock.frozen import as_data
from paddock.workspace.change import Change


def test_the_host_never_gets_set_id_bits() -> None:
    assert Change("x", "added", new_mode=0o106755).mode == 0o755
    assert Change("x", "added", new_mode=0o41777).mode == 0o1777


def test_a_deleted_path_has_the_type_that_it_had() -> None:
    assert Change("x", "deleted", old_mode=0o120777).type == "symlink"


def test_a_change_has_room_for_hazards() -> None:
    assert as_data(Change("x", "added"))["hazards"] == []
