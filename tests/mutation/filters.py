"""The system-call filter, one rule less at a time: each call, each bit and value that a rule looks at, each kill."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.mutation.mutants import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from paddock.kernel.seccomp import Deny, Machine

_WORD = 0xFFFFFFFF
KILLS = ("another architecture", "the x32 numbers")


def mutants() -> Iterator[Mutant]:
    """Of the table that bubblewrap's commands get, and of what the landlock boundary's get besides."""
    from paddock.kernel import seccomp

    table = seccomp.rules("default", sockets="all")
    for key in (*weaker(table), *_kills()):
        yield Mutant("filters", key, "bubblewrap", "off", ("PK-32",) if key.startswith("ioctl") else ())
    if os.geteuid() != 0:
        for key in weaker(seccomp.rules("default", sockets="none", neighbours=True)):
            yield Mutant("filters", key, "landlock", "landlock", ("PK-32",) if key.startswith("ioctl") else ())


def weaker(table: Sequence[Deny]) -> dict[str, tuple[Deny, ...]]:
    """The table with one thing less in it, by what is then let through."""
    from paddock.kernel.syscalls import number

    machine = os.uname().machine
    found: dict[str, tuple[Deny, ...]] = {}
    for place, rule in enumerate(table):
        for call in rule.calls:
            if number(call, machine) is None:
                continue
            rest = tuple(other for other in rule.calls if other != call)
            said = call if not rule.when else f"{call} ({_condition(rule)})"
            found[said] = _changed(table, place, rule, calls=rest)
        for test, where in enumerate(rule.when):
            for what, changes in _looser(where):
                whens = tuple(
                    _replaced(one, changes) if number == test else one for number, one in enumerate(rule.when)
                )
                found[f"{rule.calls[0]} ({_condition(rule)}): {what}"] = _changed(table, place, rule, when=whens)
    return found


def _replaced(thing, changes):
    from paddock.frozen import replace

    return replace(thing, **changes)


def _changed(table: Sequence[Deny], place: int, rule: Deny, **changes: object) -> tuple[Deny, ...]:
    from paddock.frozen import replace

    changed = replace(rule, **changes)
    return tuple(
        changed if number == place else one for number, one in enumerate(table) if changed.calls or number != place
    )


def _condition(rule: Deny) -> str:
    return " and ".join(
        f"{test.argument}{f'&{test.mask:#x}' if test.mask != _WORD else ''} {'not ' if test.other else ''}in "
        + ",".join(f"{value:#x}" for value in test.values)
        for test in rule.when
    )


def _looser(where) -> Iterator[tuple[str, dict[str, object]]]:
    """A test with one bit of its mask or one of its values less."""
    if where.other and where.values == (0,) and where.mask != _WORD:
        bits = [1 << bit for bit in range(32) if where.mask >> bit & 1]
        for bit in bits if len(bits) > 1 else ():
            yield f"{bit:#x} let through", {"mask": where.mask & ~bit}
    elif not where.other and len(where.values) > 1:
        for value in where.values:
            yield f"{value:#x} let through", {"values": tuple(one for one in where.values if one != value)}


def _kills() -> tuple[str, ...]:
    """What the filter kills for, in its order, and the whole of it."""
    return (*(KILLS if os.uname().machine == "x86_64" else KILLS[:1]), "all calls")


def install(key: str) -> None:
    """Let it through for all that is filtered in this process."""
    from paddock.kernel import bpf, seccomp

    real_rules: Callable[..., tuple[Deny, ...]] = seccomp.rules
    real_compile = seccomp.compile_rules

    def rules(*arguments, **named) -> tuple[Deny, ...]:
        table = real_rules(*arguments, **named)
        return weaker(table).get(key, table)

    def compile_rules(table: Sequence[Deny], machine: Machine) -> bytes:
        code = bpf.disassemble(real_compile(table, machine))
        kills = [place for place, (kind, _, _, value) in enumerate(code) if (kind, value) == (bpf.RETURN, seccomp.KILL)]
        if len(kills) != len(kinds):
            raise KeyError(key)
        place = kills[kinds.index(key)]
        code[place] = bpf.give(seccomp.ALLOW)
        return bpf.assemble(code)

    kinds = list(_kills())[:-1]
    known = {**weaker(real_rules("default")), **weaker(real_rules("default", sockets="none", neighbours=True))}
    if key not in (*known, *_kills()):
        raise KeyError(key)
    if key == "all calls":
        seccomp.compile_rules = lambda table, machine: bpf.assemble([bpf.give(seccomp.ALLOW)])
    elif key in kinds:
        seccomp.compile_rules = compile_rules
    else:
        seccomp.rules = rules
