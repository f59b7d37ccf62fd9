"""Whether the labels that stand for a wildcard's star look like data rather than like a name. Pure.

A name under a wildcard is chosen by whoever asks for it, and reaches that domain's owner (threat E3). This is a
net for the usual shapes (hexadecimal, base32, base64, digits, long random text), with meshes wide enough for the
names that content networks and clouds make up. Data written as words passes: what bounds that is how many names
a session may ask for. A name that is caught by mistake can be allowed by its exact name.
"""

from __future__ import annotations

from itertools import pairwise

MOST_LABELS = 5
LONGEST = 100  # characters with dots; hosts of clouds stay below 80
LONGEST_HEX = 24  # hexadecimal digits in a row of runs: 12 bytes; a short digest or a MAC address is a name
MOST_DIGITS = 22  # an address of 12, beside an account's number or a day
LONGEST_PLAIN = 18  # letters and digits without a mark between, up to which no shape is looked for
FEWEST_LETTERS = 22  # from which on it shows whether letters are a language's or random
_MOST_TURNS = 4  # from letters to digits or back, in a long run
# What a letter costs in a text, in tenths of a bit: rare ones more (the usual counts of English; the rarest
# are counted as 8 bits, since names are fond of them). Text of people has about 45 for each, random text 56.
_COST = dict(
    zip(
        "etaoinshrdlcumwfgypbvkjxqz",
        (30, 35, 36, 37, 38, 38, 40, 40, 41, 46, 46, 52, 52, 54, 54, 55, 56, 57, 57, 61, 67, 70, 80, 80, 80, 80),
        strict=True,
    )
)
_MOST_COST = 51
_HEX = frozenset("0123456789abcdef")
_DIGITS = frozenset("0123456789")


def is_data_like(labels: str) -> bool:
    """Whether `labels` ("a.b" of a.b.example.test under *.example.test), canonical, look like data."""
    if len(labels) > LONGEST or labels.count(".") >= MOST_LABELS:
        return True
    runs = labels.replace(".", " ").replace("-", " ").replace("_", " ").split()
    if sum(character in _DIGITS for character in labels) > MOST_DIGITS:
        return True
    letters = [character for character in labels if character in _COST]
    return _hexadecimal(runs) > LONGEST_HEX or _is_random(letters) or any(map(_is_mixed, runs))


def _hexadecimal(runs: list[str]) -> int:
    """The digits of the runs that are hexadecimal and hold a digit; words such as "cafe" are not counted."""
    return sum(len(run) for run in runs if set(run) <= _HEX and not _DIGITS.isdisjoint(run))


def _is_random(letters: list[str]) -> bool:
    return len(letters) >= FEWEST_LETTERS and sum(_COST[letter] for letter in letters) > _MOST_COST * len(letters)


def _is_mixed(run: str) -> bool:
    turns = sum((one in _DIGITS) != (two in _DIGITS) for one, two in pairwise(run))
    return len(run) > LONGEST_PLAIN and turns > _MOST_TURNS
