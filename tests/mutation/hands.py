"""Protections that are no statement and no entry of a table: what a value is, or where it goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.mutation.mutants import Mutant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.kernel.streams import Kinds


def mutants() -> Iterator[Mutant]:
    """All that this user can show."""
    for key, (boundary, setting, scenarios, _) in HANDS.items():
        if boundary != "landlock" or os.geteuid() != 0:
            yield Mutant("hands", key, boundary, setting, scenarios)


def install(key: str) -> None:
    """Put it into this process."""
    HANDS[key][3]()


def _callers_environment() -> None:
    """The command gets what the caller has."""
    from paddock import starting
    from paddock.frozen import replace

    real = starting.start_of

    def start_of(*arguments):
        start = real(*arguments)
        return replace(start, environment={**os.environ, **start.environment})

    starting.start_of = start_of


def _callers_environment_landlock() -> None:
    from paddock.boundary import landlock
    from paddock.frozen import replace

    real = landlock.compile

    def compiled(*arguments):
        profile = real(*arguments)
        return replace(profile, environment=tuple({**os.environ, **dict(profile.environment)}.items()))

    landlock.compile = compiled


def _execve(change: Callable[[list[str], dict[str, str]], tuple[list[str], dict[str, str]]]) -> Callable[[], None]:
    """Bubblewrap started in another way."""

    def put() -> None:
        real = os.execve

        def execve(program, argv, environment):
            if os.path.basename(program) == "bwrap":
                argv, environment = change(list(argv), dict(environment))
            real(program, argv, environment)

        os.execve = execve

    return put


def _with_environment(argv: list[str], _environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    return argv, dict(os.environ)


def _with_arguments(argv: list[str], environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """On its command line, where every process inside can read them."""
    place = argv.index("--args")
    with open(int(argv[place + 1]), "rb") as file:
        words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    return [*argv[:place], *words, *argv[place + 2 :]], environment


def _keeper_that_stays(argv: list[str], environment: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """It does not hear that Paddock has died."""
    return [*argv[:-1], "/bin/sh", "-c", "head -c 1; exec sleep 300 </dev/null"], environment


def _own_streams(*numbers: int) -> Callable[[], None]:
    def put() -> None:
        from paddock.kernel import streams

        real = streams.look

        def look() -> Kinds:
            first, second, third = ("own" if number in numbers else kind for number, kind in enumerate(real()))
            return first, second, third

        streams.look = look

    return put


def _root_inside() -> None:
    from paddock.frozen import replace
    from paddock.plan import resolve

    real = resolve.resolve

    def resolved(*arguments):
        plan = real(*arguments)
        return replace(plan, person=replace(plan.person, uid=0, gid=0))

    resolve.resolve = resolved  # before `planning` takes it by name


def _host_id() -> None:
    """Paddock as root: bubblewrap as root, too."""
    from paddock.boundary import steps

    steps.STAND_IN = 0


HANDS: dict[str, tuple[str, str, tuple[str, ...], Callable[[], None]]] = {
    "the caller's environment for the command": ("bubblewrap", "off", (), _callers_environment),
    "the caller's environment for a confined command": ("landlock", "landlock", (), _callers_environment_landlock),
    "the caller's environment for bubblewrap": ("bubblewrap", "off", (), _execve(_with_environment)),
    "bubblewrap's arguments on its command line": ("bubblewrap", "off", (), _execve(_with_arguments)),
    "a keeper that stays": ("bubblewrap", "off", ("LC-02",), _execve(_keeper_that_stays)),
    "the caller's standard input": ("bubblewrap", "off", (), _own_streams(0)),
    "the caller's standard output": ("bubblewrap", "off", (), _own_streams(1)),
    "the caller's standard error": ("bubblewrap", "off", (), _own_streams(2)),
    "the caller's standard input for a confined command": ("landlock", "landlock", (), _own_streams(0)),
    "the caller's standard output for a confined command": ("landlock", "landlock", (), _own_streams(1)),
    "the caller's standard error for a confined command": ("landlock", "landlock", (), _own_streams(2)),
    "uid 0 inside": ("bubblewrap", "off", (), _root_inside),
}
if os.geteuid() == 0:
    HANDS["no id of its own for bubblewrap"] = ("bubblewrap", "off", (), _host_id)
