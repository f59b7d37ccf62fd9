"""The addresses that a sandbox sees: one block, local to its network namespace, from RFC 2544's range.

198.18.0.0/15 is set aside for benchmarks of network devices, so no real service is hidden behind it.
"""

from __future__ import annotations

BLOCK, BLOCK_LENGTH = "198.18.0.0", 15
OUR_OWN = ("198.18.", "198.19.")  # how addresses of the block begin
RESOLVER = "198.18.0.1"
OUR_OWN_6 = "2001:2::1"  # of RFC 5180's range, for the same purpose; nobody listens there
# Where programs inside can ask the gateway itself, over plain HTTP.
INTERNAL, INTERNAL_NAME, INTERNAL_PORT = "198.18.0.2", "paddock.internal", 80
DNS_PORT = 53
LOOPBACK = "127.0.0.1"

_FIRST = (198 << 24) | (18 << 16) | (1 << 8) | 1
MOST_NAMES = 65_000


def synthetic(index: int) -> str:
    """The address of the name with that number: 198.18.1.1 and upward. Raises ValueError past the block."""
    if not 0 <= index < MOST_NAMES:
        message = f"no synthetic address number {index}"
        raise ValueError(message)
    number = _FIRST + index
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))
