"""The landlock boundary's own rules: each right that is handled, each scope, each path's rights, one less at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.mutation.mutants import TELL, Mutant, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.boundary.landlock import LandlockProfile
    from paddock.kernel.landlock import Rule

# What may be opened that is none of a plan's business.
_OUTSIDE = ("/", "$HOME", "/tmp", "/dev/shm", "/dev/pts", "/sys", "/run")


def mutants() -> Iterator[Mutant]:
    """As an ordinary user: the boundary does not run as root."""
    if os.geteuid() == 0:
        return
    from paddock.kernel import landlock
    from tests.mutation.fields import told

    abi = landlock.version()
    keys = [f"right {name} not handled" for name in rights(abi)]
    keys += [f"{name} not handled" for name in others(abi)]
    for key in (*keys, *told(f"landlocked: {TELL}", "landlock")):
        yield Mutant("landlocked", key, "landlock", "landlock", ("PK-32 other",) if key.startswith("/dev/pts") else ())


def rights(abi: int) -> dict[str, int]:
    from paddock.kernel import landlock

    known = landlock.file_rights(abi)
    values = {name: getattr(landlock, name) for name in dir(landlock) if name.isupper() and name[0] != "_"}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int) and value & known and value & (value - 1) == 0 and name != "NEWEST"
    }


def others(abi: int) -> dict[str, tuple[int, int]]:
    """Place in the attributes and bit, by what is handled besides files."""
    found: dict[str, tuple[int, int]] = {}
    if abi >= 4:
        found |= {"TCP bind": (1, 1), "TCP connect": (1, 2)}
    if abi >= 6:
        found |= {"scope of abstract UNIX sockets": (2, 1), "scope of signals": (2, 2)}
    return found


def widened(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    """The rules with more rights on one path, or with one path more."""
    from paddock.frozen import replace
    from paddock.kernel.landlock import EXECUTE, READ, WRITE, Rule

    found: dict[str, tuple[Rule, ...]] = {}
    for place, rule in enumerate(rules):
        if rule.rights & WRITE != WRITE and os.path.isdir(rule.path):
            wide = replace(rule, rights=rule.rights | WRITE)
            found[f"{_shown(rule.path)} writable"] = (*rules[:place], wide, *rules[place + 1 :])
    for path in _OUTSIDE:
        real = path.replace("$HOME", os.environ["HOME"])
        found[f"{path} readable"] = (*rules, Rule(real, READ | EXECUTE))
    found["$HOME writable"] = (*rules, Rule(os.environ["HOME"], WRITE))
    return found


def install(key: str) -> None:
    """Loosen what is compiled or handled in this process."""
    from paddock.boundary import landlock as boundary
    from paddock.frozen import replace
    from paddock.kernel import landlock

    real, real_attributes = boundary.compile, landlock.attributes
    abi = landlock.version()

    def weakened(*arguments, **named) -> LandlockProfile:
        profile = real(*arguments, **named)
        forms = widened(profile.rules)
        if key == TELL:
            tell(forms)
            return profile
        return replace(profile, rules=forms[key])

    def attributes(*arguments, **named) -> bytes:
        fields = [int.from_bytes(given[at : at + 8], "little") for given in [real_attributes(*arguments, **named)]
                  for at in range(0, len(given), 8)]  # fmt: skip
        if key.startswith("right "):
            fields[0] &= ~rights(abi)[key.split()[1]]
        else:
            place, bit = others(abi)[key.removesuffix(" not handled")]
            fields[place] &= ~bit
        return b"".join(field.to_bytes(8, "little") for field in fields)

    if key.endswith(" not handled"):
        landlock.attributes = attributes
    else:
        boundary.compile = weakened


def _shown(path: str) -> str:
    for name, place in (("$REPO", os.getcwd()), ("$HOME", os.environ["HOME"])):
        if path == place or path.startswith(f"{place}/"):
            path = name + path[len(place) :]
    return path.encode("unicode_escape").decode()
