from __future__ import annotations

import pytest

from paddock.plan.describe import amount, is_promise, sections, size, widths
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN, Amount, Text
from tests.plan.machine import FLAG, REPOSITORY, allow, plan, policy, written


def rows(title: str, **options: object) -> list[tuple[str, str, str]]:
    found = plan({f"{REPOSITORY}/.env": "", "/srv/docs/x": ""}, rules=policy(**options))
    return next(rows for name, rows in sections(found) if title in name)


def test_every_layer_has_its_section_in_order() -> None:
    titles = [title for title, _ in sections(plan())]
    assert [title.split()[1] if title[0].isdigit() else title for title in titles] == [
        "workspace",
        "boundary",
        "network",
        "approval",
        "environment",
    ]


def test_the_workspace_says_mode_masks_and_mounts_with_who_decided() -> None:
    found = rows("workspace", mask=[".env"], read=["/srv/docs"])
    assert found[0][0] == "review"
    assert ("masked", ".env  (seen as an empty file)", "flag --test") in found
    assert ("read", "/srv/docs", "flag --test") in found
    assert any(word == "private" and "/tmp 1 GiB" in text for word, text, _ in found)


def test_the_system_calls_say_who_decided() -> None:
    assert ("calls", "default (deny-list)", "built-in") in rows("boundary")
    assert ("calls", "debug (ptrace allowed inside)", "flag --test") in rows("boundary", syscalls="debug")


def test_limits_say_whether_they_are_promises() -> None:
    found = rows("boundary", limits=(Amount("memory", 1 << 30, FLAG), Amount("wall", 5400, BUILT_IN)))
    assert ("limit", "memory 1 GiB  (promise)", "flag --test") in found
    assert ("limit", "wall 1 h 30 min  (precaution)", "built-in") in found
    assert is_promise(FLAG)
    assert not is_promise(BUILT_IN)


def test_what_must_be_shown_before_the_start_is_said_with_who_asks_for_it() -> None:
    assert not {"proof", "attacked"} & {row[0] for row in rows("boundary")}
    for within_s, said in ((30 * 86400, "30 days"), (5400, "1.5 hours")):
        found = rows("boundary", prove_require=Amount("require", within_s, FLAG), prove_at_start=Text("true", FLAG))
        assert ("proof", f"of this policy, at most {said} old", "flag --test") in found
        assert ("attacked", "by the quick probes, before the command starts", "flag --test") in found


def test_the_network_lists_what_is_reached() -> None:
    assert rows("network")[0][:2] == ("off", "nothing: an empty network of its own")
    found = rows("network", network_mode="allow", allow=(allow("a.test", 81, private=True),))
    assert found[1] == ("allow", "a.test:81  (also on a private address)", "flag --test")


def test_the_network_says_all_that_bounds_it() -> None:

    network = {
        "mode": "allow",
        "allow": ["*.example.test", {"host": "b.test", "methods": ["PUT", "GET"], "upload": "1KiB"}, "host:5432"],
        "deny": ["x.example.test"],
        "publish": ["8080:3000"],
        "rate": 5,
    }
    found = plan(rules=written(network=network))
    lines = next(rows for name, rows in sections(found) if "network" in name)
    assert [row[:2] for row in lines[1:]] == [
        ("allow", "*.example.test:443"),
        ("allow", "b.test:443  (GET PUT, uploads up to 1 KiB, TLS ends at the gateway)"),
        ("allow", "host:5432  (leads to 127.0.0.1:5432, any protocol)"),
        ("deny", "x.example.test (every port)"),
        ("publish", "port 3000 inside, at 127.0.0.1:8080 of this machine"),
        ("at most", "1024 connections at once, 5 new ones in a second"),
    ]


def test_the_network_says_where_tls_ends_for_a_credential() -> None:
    tables = {
        "network": {"mode": "allow", "allow": ["b.test"]},
        "credentials": {"one": {"source": "env:K", "hosts": ["a.test"]}},
    }
    found = plan(rules=written(**tables))
    lines = next(rows for name, rows in sections(found) if "network" in name)
    assert [row[1] for row in lines[1:3]] == ["a.test:443  (TLS ends at the gateway)", "b.test:443"]


def test_values_that_were_passed_are_not_printed() -> None:
    found = plan(environ={"API_TOKEN": "hunter2"}, rules=policy(pass_variables=["API_TOKEN"]))
    text = repr(list(sections(found)))
    assert "API_TOKEN" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 30, "1 GiB"), (1 << 50, "1024 TiB")]
)
def test_sizes(value: int, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("wall", 0, "0 s"), ("wall", 61, "1 min 1 s"), ("cpus", 1.5, "1.5"), ("processes", 512, "512")],
)
def test_amounts(name: str, value: float, text: str) -> None:
    assert amount(Limit(name, value, FLAG)) == text


def test_a_long_line_does_not_push_the_others_out() -> None:
    assert widths([("a", "x" * 500, ""), ("bbb", "yy", "")]) == (3, 2)
    assert widths([]) == (0, 0)
