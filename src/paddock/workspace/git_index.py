"""Whether two git indexes name the same entries, whatever they remember of times and inodes.

`git status` alone writes those anew. The format is gitformat-index(5), versions 2 to 4. Whatever is unexpected
counts as a difference.
"""

from __future__ import annotations

import struct
from itertools import zip_longest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_BYTES = 1 << 26
_HEADER, _STAT = 12, 40  # bytes; of the stat data of an entry only the mode, at 24 to 28, says what it is
_EXTENDED, _MORE = 0x40, 0x80  # the entry has two more bytes of flags; the number has one more byte
_PREFIXED = 4  # from this version on, names are written without what they share with the one before
_DERIVED = frozenset([b"TREE", b"UNTR", b"FSMN", b"EOIE", b"IEOT"])  # caches, which git makes anew


def same(one: bytes, other: bytes) -> bool:
    """Whether both are whole and say the same: version, modes, ids, flags, paths, and what is no cache."""
    try:
        return all(ours == theirs for ours, theirs in zip_longest(_parts(one), _parts(other)))
    except (IndexError, ValueError, struct.error):
        return False


def _parts(data: bytes) -> Iterator[tuple[object, bytes]]:
    signature, version, count = struct.unpack_from(">4sII", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError(version)
    width = _hash_width(data)
    end, place = len(data) - width, _HEADER
    yield version, data[8:_HEADER]
    for _ in range(count):
        start, name = place, place + _STAT + width + 2
        if data[name - 2] & _EXTENDED:
            name += 2
        stop = name
        if version == _PREFIXED:
            while data[stop] & _MORE:
                stop += 1
            stop += 1
        stop = data.index(b"\0", stop, end)
        yield data[start + 24 : start + 28], data[start + _STAT : stop]
        place = stop + 1 if version == _PREFIXED else start + (stop - start + 8) // 8 * 8
    while place < end:
        name_of, size = struct.unpack_from(">4sI", data, place)
        if name_of not in _DERIVED:
            yield name_of, data[place + 8 : place + 8 + size]
        place += 8 + size
    if place != end:
        raise ValueError(place)


def _hash_width(data: bytes) -> int:
    """How long object ids are here: as long as the checksum at the end that is right."""
    import hashlib

    for make in (hashlib.sha1, hashlib.sha256):
        width = make().digest_size
        if make(data[:-width]).digest() == data[-width:]:
            return width
    raise ValueError(data[-20:])
