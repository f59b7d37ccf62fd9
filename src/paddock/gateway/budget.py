"""How much may go out: bytes to each host in a session, and connections begun in a second."""

from __future__ import annotations

from paddock.policy.matching import is_wildcard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.gateway.rules import Endpoint


class Uploads:
    """The bytes that went out to each host, whatever carried them and over which of its ports."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._under: dict[str, int] = {}  # all names of a wildcard together, by its rule

    def spend(self, endpoint: Endpoint, count: int) -> bool:
        """Count bytes that are about to go out. False, and nothing is counted, when they are beyond the rule's budget.

        A refused piece is not sent, so a budget is never exceeded by even one byte. Names under a wildcard share one:
        whoever asks chooses these names, and all are of one owner.
        """
        total = self._sent.get(endpoint.name, 0) + count
        together = self._under.get(endpoint.rule, 0) + count if is_wildcard(endpoint.rule) else 0
        if endpoint.upload and max(total, together) > endpoint.upload:
            return False
        self._sent[endpoint.name] = total
        if together:
            self._under[endpoint.rule] = together
        return True

    def sent(self, host: str) -> int:
        """Bytes so far."""
        return self._sent.get(host, 0)


class Pace:
    """A token bucket: `rate` in a second, and as many at once after a second of rest; 0 for no bound."""

    def __init__(self, rate: int, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only grow."""
        self._rate = rate
        self._clock = clock
        self._left = float(rate)
        self._seen_s = clock()

    def allows(self) -> bool:
        """Whether one more may begin now."""
        if not self._rate:
            return True
        now_s = self._clock()
        self._left = min(float(self._rate), self._left + (now_s - self._seen_s) * self._rate)
        self._seen_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
