"""Single values: what they mean, and what is refused with which sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy import values
from paddock.policy.values import Wrong, shown


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        ("512MiB", 512 * 2**20),
        ("4GiB", 4 * 2**30),
        ("1GB", 10**9),
        ("1.5GiB", 3 * 2**29),
        ("2 KiB", 2048),
        ("7", 7),
        (4096, 4096),
        ("1TB", 10**12),
    ],
)
def test_sizes(written, bytes_):
    assert values.size(written) == bytes_


@pytest.mark.parametrize("written", ["", "4", "GiB", "4G", "4gib", "-1MiB", "1e3MiB", "٣MiB", "1.MiB", ".5GiB", "0", 0, -1, 1.5, True, None, [], {}, "9" * 30, "9" * 17 + "TiB", 2**63, "0.0001KiB", "1 2MiB", "nanGiB", "infGiB", "1_0MiB"])  # fmt: skip
def test_what_is_no_size(written):
    if written == "4":
        assert values.size(written) == 4
    else:
        with pytest.raises(Wrong, match="expected a size"):
            values.size(written)


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("30m", 1800), ("4h", 14400), ("7d", 604800), ("1.5h", 5400)]
)
def test_durations(written, seconds):
    assert values.duration(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "4", 4, "h", "-1h", "1w", "0s", "1h30m", "4H", True, "1e9d", "9" * 18 + "d", "²h"]
)
def test_what_is_no_duration(written):
    with pytest.raises(Wrong, match="expected a duration"):
        values.duration(written)


@pytest.mark.parametrize("written", [0, -1, 1.0, "1.5", "", "x", True, None, 2**70, "\u0661"])
def test_what_is_no_count(written):
    with pytest.raises(Wrong, match="expected a whole number"):
        values.count(written)


def test_counts_and_numbers():
    assert values.count(512) == 512
    assert values.count("512") == 512
    assert values.number(2) == 2
    assert values.number("0.5") == 0.5


@pytest.mark.parametrize(
    "written", [0, -0.5, float("nan"), float("inf"), "nan", "inf", "", "-1", True, "1e3", None, "1__0"]
)
def test_what_is_no_number(written):
    with pytest.raises(Wrong, match="expected a number"):
        values.number(written)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)))
def test_amounts_are_positive_finite_numbers_or_refused(written):
    for read in (values.size, values.duration, values.count, values.number):
        try:
            amount = read(written)
        except Wrong:
            continue
        assert 0 < amount <= 2**62


@pytest.mark.parametrize(
    ("written", "base", "read"),
    [("/opt/sdk", "", "/opt/sdk"), ("~", "", "~"), ("~/x//y/", "", "~/x/y"), ("/a/./b/", "", "/a/b"), ("../x", "/r", "/r/../x"), ("x", "/r", "/r/x"),
     ("/", "", "/"), ("/a/../b", "", "/a/../b"), ("/with space", "", "/with space")],
)  # fmt: skip
def test_paths(written, base, read):
    assert values.path(base)(written) == read


@pytest.mark.parametrize("written", ["", "x", "../x", "~other/x", "~~", 3, None, "/a\0b", "/\ud800"])
def test_what_is_no_path(written):
    with pytest.raises(Wrong):
        values.path("")(written)


def test_raw_bytes_in_paths_are_kept():
    assert values.path("")("/a\udcff") == "/a\udcff"


@pytest.mark.parametrize("written", ["", "!x", "../x", "a/../../b", 1, "a\0"])
def test_what_is_no_mask(written):
    with pytest.raises(Wrong):
        values.pattern(written)


@pytest.mark.parametrize("written", ["CI", "npm_config_//r/:_authToken", "BASH_FUNC_x%%", "_"])
def test_names_of_variables(written):
    assert values.variable(written) == written


@pytest.mark.parametrize("written", ["", "A=b", "A B", "A\n", "A*", "A\0", "A\x1b", 1, None])
def test_what_is_no_name_of_a_variable(written):
    with pytest.raises(Wrong):
        values.variable(written)


def test_patterns_of_variables():
    assert values.variable_pattern("LC_*") == "LC_*"
    with pytest.raises(Wrong):
        values.variable_pattern("LC_*=x")


def test_a_wrong_value_of_a_variable_is_never_quoted():
    for value in ("hunter2\0", 12345, "hunter2\ud800"):
        with pytest.raises(Wrong) as caught:
            values.variable_value(value)
        assert "hunter2" not in str(caught.value)
        assert "12345" not in str(caught.value)


@pytest.mark.parametrize("written", ["", "Pid", "a b", "a_b", 1, "é"])
def test_what_is_no_gap(written):
    with pytest.raises(Wrong):
        values.gap(written)


@given(st.text())
def test_what_is_shown_is_printable_one_line_and_short(text):
    assert shown(text).isprintable()
    assert len(shown(text)) < 700


@given(st.text(max_size=50))
def test_what_is_shown_cannot_end_its_own_quotes(text):
    inside = shown(text)[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inside


def test_shown_keeps_plain_text_readable():
    assert shown("it's") == '"it\'s"'
    assert shown('a"b') == '"a\\"b"'
    assert shown("a\x1b[31m") == '"a\\x1b[31m"'
    assert shown("x" * 100) == '"' + "x" * 60 + '…"'
    assert (shown(True), shown([1]), shown({}), shown(3), shown(None)) == ("true", "a list", "a table", "3", "NoneType")
