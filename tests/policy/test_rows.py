"""A policy as rows."""

from __future__ import annotations

from paddock.policy.checking import layer_from
from paddock.policy.keys import KEYS
from paddock.policy.layering import merge
from paddock.policy.rows import rows


def test_every_key_has_a_row_in_the_order_of_the_table():
    found = rows(merge([], trusted=False))
    assert list(dict.fromkeys(row.key for row in found)) == list(KEYS)
    shown = {row.key: row.value for row in found}
    assert shown["limits.memory"] == "4GiB"
    assert shown["limits.file_size"] == "none"
    assert shown["network.allow"] == ""


def test_entries_and_lifted_limits_say_who_decided():
    data = {
        "limits": {"wall": "none"},
        "network": {"allow": ["a.example", {"host": "b.example", "port": 80, "private": True}]},
    }
    found = rows(merge([layer_from(data, {("limits", "wall"): 4}, "person", "p.toml")], trusted=False))
    by_key = [(row.key, row.value, str(row.origin)) for row in found]
    assert ("limits.wall", "none", "person p.toml:4") in by_key
    assert ("network.allow", "a.example:443", "person p.toml:1") in by_key
    assert ("network.allow", "b.example:80 (also on a private address)", "person p.toml:1") in by_key


def test_values_of_variables_that_look_secret_are_hidden():
    data = {"environment": {"set": {"API_KEY": "hunter2", "EDITOR": "vi"}}}
    found = rows(merge([layer_from(data, {}, "person", "p.toml")], trusted=False))
    assert [row.value for row in found if row.key == "environment.set"] == ["API_KEY=(hidden)", 'EDITOR="vi"']
