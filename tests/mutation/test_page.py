"""The page of all runs: parts of one user's are one run."""

from __future__ import annotations

from tests.mutation import page

ABOUT = {
    "paddock": "1", "bubblewrap": "bubblewrap 0.8.0", "kernel": "6", "machine": "x86_64", "python": "3.11",
    "scores": {}, "wrong": [],
}  # fmt: skip


def run(who: str, pack: str, *lines: tuple[str, str]) -> page.Run:
    told = [
        {"boundary": "gateway", "name": name, "how": how, "by": ["NW-01 x"] if how == "noticed" else [], "reason": "",
         "shown": False} for name, how in lines
    ]  # fmt: skip
    return {**ABOUT, "who": who, "when": "2026-01-01", "pack": pack, "lines": told}


def test_parts_are_one_run_and_what_was_met_last_counts() -> None:
    parts = [
        run("root", "old", ("a", "missed"), ("b", "missed")),
        run("user", "old", ("a", "missed")),
        run("root", "new", ("a", "noticed")),
        run("root", "old", ("b", "missed")),
    ]
    text = page.page(parts)
    assert "| gateway | root | 2 | 1 | 0 | 0 | 1 | 0 | 50 % |" in text
    assert "| gateway | an ordinary user | 1 | 0 | 0 | 0 | 1 | 0 | 0 % |" in text
    assert "As root: 2026-01-01, Paddock 1, probes old and new, bubblewrap 0.8.0," in text
    assert "- `gateway: a` (as an ordinary user)" in text
    assert "- `gateway: b` (as root)" in text
    assert "| `gateway: a` | NW-01 x |  |" in text
