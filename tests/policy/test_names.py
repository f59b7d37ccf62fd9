from __future__ import annotations

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.names import canonical, canonical_bytes, is_ipv4

LABELS = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=63)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "test"]))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("API.Example.Test", "api.example.test"),
        ("api.example.test.", "api.example.test"),
        ("localhost", "localhost"),
        ("_dmarc.example.test", "_dmarc.example.test"),
        ("bücher.example.test", "xn--bcher-kva.example.test"),
        ("BÜCHER.example.test.", "xn--bcher-kva.example.test"),
        ("xn--bcher-kva.example.test", "xn--bcher-kva.example.test"),
        ("例え。example.test", "xn--r8jz45g.example.test"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
        ("4chan.example.test", "4chan.example.test"),
        ("r3---sn-x.example.test", "r3---sn-x.example.test"),
    ],
)
def test_spellings_of_one_name_have_one_form(written: str, name: str) -> None:
    assert canonical(written) == name


@pytest.mark.parametrize(
    "written",
    [
        *("", ".", "..", ".example.test", "example..test", "example.test..", " ", "exa mple.test"),
        *(
            "evil.test\0.example.test",
            "evil.test\n",
            "evil.test\r\n",
            "\tevil.test",
            "evil.test\x7f",
            "evil.test\x1b[2J",
        ),
        *("evil.test%00.example.test", "user@example.test", "example.test/x", "example.test\\x", "example.test:443"),
        *(
            "*.example.test",
            "example.test#",
            "example.test?",
            "[::1]",
            "::1",
            "fe80::1%eth0",
            "::ffff:1.2.3.4%x.example.test",
        ),
        *("-example.test", "example-.test", "a" * 64 + ".test", "a." * 127 + "test", "é" * 64 + ".test", "a" * 100_000),
        *(
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "1.2.3.4.",
            "example.0x",
            "example.123",
        ),
        *(
            "straße.test",
            "βόλος.test",
            "a\u200db.test",
            "a\u200cb.test",
            "ﬁ\0.test",
            "evil.test\uff0fexample.test",
            "a\uff0e\uff0eb",
        ),
        *("\udcff.test", "\ud800.test", "\u202eexample.test", "x\u0338=.test"),
    ],
)
def test_what_could_be_read_as_another_name_is_none(written: str) -> None:
    assert canonical(written) is None


@given(NAMES)
def test_case_and_a_last_dot_make_no_difference(name: str) -> None:
    expected = name.lower()
    assert canonical(name) == canonical(name.upper()) == canonical(name + ".") == expected


@given(st.text(max_size=300))
def test_the_form_is_stable_and_holds_nothing_but_letters_digits_hyphens_dots(text: str) -> None:
    name = canonical(text)
    if name is not None:
        assert canonical(name) == name
        assert canonical(name.upper() + ".") == name
        assert set(name) <= set(string.ascii_lowercase + string.digits + "-_.")
        assert len(name) <= 253
        assert all(0 < len(label) <= 63 for label in name.split("."))


@given(st.binary(max_size=300))
def test_names_from_the_wire_are_ascii_or_nothing(data: bytes) -> None:
    name = canonical_bytes(data)
    assert name is None or (data.isascii() and name == canonical(data.decode("ascii")))


@given(st.ip_addresses(v=4))
def test_an_address_is_never_a_name(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = (str(address), str(number), hex(number), f"{number >> 24}.{number & 0xFFFFFF}")
    assert [canonical(text) for text in spellings] == [None] * 4
    assert is_ipv4(str(address))


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "\uff11.2.3.4", "1.2.3.-4", "a.b.c.d"]
)
def test_only_the_plain_form_is_an_ipv4_address(text: str) -> None:
    assert not is_ipv4(text)
