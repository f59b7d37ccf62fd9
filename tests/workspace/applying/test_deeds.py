from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.applying import deeds
from paddock.workspace.applying.deeds import DID, NOTHING, Deed, Record, State, append, append_whole, backwards, mend

PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
STATES = st.one_of(
    st.just(NOTHING),
    st.builds(
        State,
        st.integers(1, 0o177777),
        *[st.integers(0, 1 << 63)] * 3,
        *[st.integers(0, 1 << 31)] * 2,
        st.sampled_from(("", "ab")),
    ),
)
RECORDS = st.builds(
    Record,
    st.sampled_from((DID, deeds.VOID)),
    st.builds(Deed, st.integers(0), PATHS, STATES, STATES, st.sampled_from(("", "1 2 ab"))),
)


def opened(place) -> int:
    return os.open(place / "log", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)


@given(records=st.lists(RECORDS, max_size=8), torn=st.integers(0, 200))
def test_what_was_written_is_read_from_its_end_and_a_torn_record_is_not_there(tmp_path_factory, records, torn) -> None:
    log = opened(tmp_path_factory.mktemp("log"))
    sizes = [0]
    for record in records:
        append(log, record)
        sizes.append(os.fstat(log).st_size)
    assert list(backwards(log)) == records[::-1]
    left = max(0, sizes[-1] - torn)
    os.ftruncate(log, left)
    whole = sum(1 for size in sizes[1:] if size <= left)
    assert list(backwards(log)) == records[:whole][::-1]
    mend(log)
    assert os.fstat(log).st_size == sizes[whole]
    extra = Record(DID, Deed(7, "\udcff\n", NOTHING, NOTHING))
    append(log, extra)
    assert list(backwards(log)) == [extra, *records[:whole][::-1]]
    os.close(log)


def test_half_a_record_that_a_full_disk_left_is_taken_back(tmp_path, monkeypatch) -> None:
    log = opened(tmp_path)
    append_whole(log, b"whole")
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:2]))
    with pytest.raises(OSError, match="No space") as caught:
        append_whole(log, b"another")
    assert caught.value.errno == errno.ENOSPC
    assert os.fstat(log).st_size == 5
    os.close(log)
