"""`prove.at_start`: the quick probes attack the very sandbox that was just made, before the person's command starts.

The pack starts as the command will: the same join, environment, limits and filter. Its answers are not trusted where
they say that all is well (a row without one has not held), and believed where they say that something was reached.
There is no control in these few milliseconds: that each of these rows breaches where there is no sandbox is what
`paddock prove` shows, and the tests.
"""

from __future__ import annotations

import os
import select
import time

from paddock import process
from paddock.errors import Refused
from paddock.frozen import replace
from paddock.probes import piping
from paddock.probes.planting import traps

# What else is needed is imported while the attacker's Python starts.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.kernel.join import Start
    from paddock.kernel.reports import Joined
    from paddock.kernel.streams import Kinds
    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.judging import Seen

TIMEOUT_S = 20.0  # on a machine that is busy; it takes a fifth of a second
_MOST_BYTES = 1 << 20
_KILLED = 9
_NEXT = "paddock prove"


class Vetting:
    """One attack at one start. Plants when it is made, below `base`, which must not exist; `remove` in any case.

    `argv` and `streams` are how the attacker is started.
    """

    streams: Kinds = ("pipe", "pipe", "pipe")

    def __init__(self, plan: Plan, gaps: Sequence[str], base: str) -> None:
        self.argv = piping.argv_of_image() if plan.image else piping.argv(_python())
        self._plan = plan
        self._gaps = tuple(gaps)
        self._traps = traps.Traps(base, plan.workspace.source)

    def remove(self) -> None:
        """Take away what was planted."""
        self._traps.remove()

    def start(self, start: Start) -> Start:
        """How the attacker starts where the command would start so."""
        return replace(start, argv=self.argv, streams=self.streams, private_home="")

    def judge(self, joined: Joined) -> None:
        """Let it attack, and judge. Raises Refused, with the code "proof", unless every row has held."""
        probes = chosen()
        seen, trouble = self.attack(joined, probes)
        through = {it.id: seen[it.id].reached for it in probes if seen[it.id].reached and self._promises(it)}
        if through:
            raise _broken(through)
        silent = {name: _silence(one) for name, one in seen.items() if _silence(one)}
        if silent or trouble:
            first = next(iter(silent), "")
            why = [f"{first}: {silent[first]}"] if silent else []
            raise _unproven("; ".join((*why, *trouble)), _explain(first), silent=len(silent))

    def attack(self, joined: Joined, probes: Sequence[Probe]) -> tuple[dict[str, Seen], tuple[str, ...]]:
        """What is seen of each probe, by its id; and what was wrong with the attack as a whole."""
        from paddock.probes import running
        from paddock.probes.judging import Seen
        from paddock.probes.pack import pack

        names = [probe.id for probe in probes]
        told = {**self._traps.told(names), "modules": piping.modules(names)}
        said, complaints, trouble = _attend(joined, piping.stream(pack(), told))
        answers, damage = running.read(said, told["word"], names)
        effects: dict[str, tuple[str, ...]] = {}
        for name, what in self._traps.effects():
            effects[name] = (*effects.get(name, ()), what)
        wrong = (*trouble, *damage)
        seen = {name: Seen(answers.get(name), effects.get(name, ())) for name in names}
        return seen, (*wrong, *complaints.splitlines()[-1:]) if wrong else ()

    def _promises(self, probe: Probe) -> bool:
        from paddock.probes.expectations import expect

        return expect(probe, self._plan, self._gaps).word == "fails"


def chosen() -> tuple[Probe, ...]:
    """The quick probes that find here what they look for."""
    from paddock.probes.catalogue import reading

    return tuple(probe for probe in reading.quick() if probe.id in traps.ROWS)


def _silence(seen: Seen) -> str:
    """Why a row is not answered; nothing where it is."""
    if seen.reached:
        return ""
    if seen.answer is None:
        return "no answer"
    return seen.answer.broken or seen.answer.skipped


def _attend(joined: Joined, given: bytes) -> tuple[bytes, str, tuple[str, ...]]:
    """Hand in what it reads, and take what it says until it has ended: that, its complaints, what went wrong.

    It is gone afterwards.
    """
    attended = _Attended(joined, given)
    try:
        attended.run()
    finally:
        attended.end()
    return attended.said[1], attended.said[2].decode("utf-8", "replace").strip(), tuple(attended.trouble)


class _Attended:
    """The attacker from its start to its end: its input, its output, its reports."""

    def __init__(self, joined: Joined, given: bytes) -> None:
        self.joined = joined
        self.left = memoryview(given)
        self.said = {1: b"", 2: b""}
        self.trouble: list[str] = []
        self._pid = 0  # while it lives
        self._ended = False

    def run(self) -> None:
        """Until it has ended and all that it said is here, within bounds."""
        deadline = time.monotonic() + TIMEOUT_S
        while not self._ended or self.joined.streams.keys() & self.said.keys():
            if self.joined.first:
                self._hear()
                continue
            ready = self._wait(deadline - time.monotonic())
            if not ready:
                self.trouble.append(f"it did not end within {TIMEOUT_S:g} s")
                return
            for number in [number for number, ours in self.joined.streams.items() if ours in ready]:
                self._hand_in() if number == 0 else self._take(number)
            if sum(map(len, self.said.values())) > _MOST_BYTES:
                self.trouble.append("it flooded its output")
                return
            if self.joined.channel.fileno() in ready:
                self._hear()

    def end(self) -> None:
        """Kill what still runs, and let go. Until somebody hears of its end, its joiner waits."""
        if self._pid:
            # Its number is its own, since nobody has reaped it.
            os.kill(self._pid, _KILLED)
            while not self._ended:
                self._hear()
        self.joined.release()

    def _wait(self, patience_s: float) -> set[int]:
        poll = select.poll()
        for number, ours in self.joined.streams.items():
            poll.register(ours, select.POLLIN if number else select.POLLOUT)
        if not self._ended:
            poll.register(self.joined.channel, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(max(0, patience_s) * 1000)}

    def _hand_in(self) -> None:
        """Some more of its input; the end of it when all is in, or nobody reads any more."""
        try:
            self.left = self.left[os.write(self.joined.streams[0], self.left) :]
        except BrokenPipeError:
            self.left = self.left[:0]
        if not self.left:
            os.close(self.joined.streams.pop(0))

    def _take(self, number: int) -> None:
        found = os.read(self.joined.streams[number], 1 << 16)
        self.said[number] += found
        if not found:
            os.close(self.joined.streams.pop(number))

    def _hear(self) -> None:
        report = self.joined.receive()
        if report and report.kind == "pid":
            self._pid = report.number
        elif report and report.kind == "failed":
            self.trouble.append(f"it did not start: {report.text}")
        elif report is None or report.kind in ("exited", "killed"):
            self._pid, self._ended = 0, True
            if report is None or report.kind == "killed":
                self.trouble.append("it was killed")
            elif report.number and not self.trouble:
                self.trouble.append(f"it ended with {report.number}")


def _python() -> str:
    found = process.find("python3", piping.PYTHONS)
    if found is None:
        raise _unproven("there is no Python in the system's own directories", "install python3")
    return found


def _explain(name: str) -> str:
    return f"paddock prove --explain {name.partition(' ')[0]}" if name else _NEXT


def _broken(found: dict[str, tuple[str, ...]]) -> Refused:
    first = next(iter(found))
    others = f", and {len(found) - 1} more probes got through" if len(found) > 1 else ""
    return Refused(
        f"this sandbox does not hold: probe {first} got through{others}",
        why="; ".join(f"{name}: {', '.join(reached[:3])}" for name, reached in list(found.items())[:5]),
        next_step=_explain(first),
        code="proof",
    )


def _unproven(why: str, next_step: str, *, silent: int = 0) -> Refused:
    return Refused(
        "whether this sandbox holds could not be shown" + (f": {silent} probes gave no answer" if silent else ""),
        why=why,
        next_step=f"{next_step}   or, without this check: prove.at_start = false",
        code="proof",
    )
