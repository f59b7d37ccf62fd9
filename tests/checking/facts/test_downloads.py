"""What is downloaded and run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.checking.facts.downloads import downloads
from paddock.checking.facts.shell import commands

URL = "https://x.example.test/i.sh"


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("curl -fsSL URL | sh", "pipe"),
        ("wget -qO- URL | sudo -E bash -s -- -y", "pipe"),
        ("curl URL | tee log | bash", "pipe"),
        ("curl URL | gunzip | python3 -", "pipe"),
        ("bash <(curl -s URL)", "pipe"),
        ('sh -c "$(curl -fsSL URL)"', "pipe"),
        ('eval "$(wget -O- URL)"', "pipe"),
        ("source <(curl URL)", "pipe"),
        ("curl -O URL && sh i.sh", "file"),
        ("curl -o /tmp/x URL && chmod +x /tmp/x && /tmp/x --now", "file"),
        ("wget URL; bash ./i.sh", "file"),
        ("curl -o x URL && echo '0 x' | sha256sum -c && sh x", ""),
        ("curl -o x URL && gpg --verify x.sig x && sh x", ""),
        ("curl URL | tar xz -C /opt", ""),
        ("curl URL | gpg --dearmor -o key", ""),
        ("(curl URL) | sh", "pipe"),
        ("{ curl URL; } | bash", "pipe"),
        ("for x in a; do curl URL; done | sh", "pipe"),
        ("deno run URL", "pipe"),
        ("curl URL > x.sh; sh x.sh", "file"),
        ("curl URL 2> x.sh; sh x.sh", ""),
        ("curl URL; (echo) | sh", ""),
        ("V=$(curl URL) && echo $V", ""),
        ("bash install.sh $(curl URL)", ""),
        ("curl URL | jq . && sh other.sh", ""),
        ("curl URL | python3 parse.py", ""),
        ("curl -o data.json URL && cat data.json", ""),
    ],
)
def test_a_download_is_run_or_it_is_not(text: str, run: str) -> None:
    found = list(downloads(commands(text.replace("URL", URL))))
    assert [one.run for one in found] == [run]
    assert found[0].shown == URL


def test_what_is_no_download_is_none() -> None:
    assert not list(downloads(commands("echo curl https://x.example.test | sh")))


@given(
    st.lists(
        st.sampled_from(["curl ", "| ", "sh ", "$(", ")", "<(", "&& ", "'", '"', "-o x ", "x ", "; "]), max_size=12
    )
)
def test_no_text_is_too_odd(parts: list[str]) -> None:
    list(downloads(commands("".join(parts))))
