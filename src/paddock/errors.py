"""What can go wrong, as one tree.

PaddockError                 Paddock itself failed (exit 125)
├── Usage                    the command line does not make sense (125)
├── PolicyError              a policy file or flag is wrong (126)
├── Refused                  the policy, the floor or a safety rule says no (126)
│   └── GapRefused           a boundary cannot keep a promise of the plan (126)
├── BoundaryUnavailable      the boundary cannot start on this machine (125)
├── CommandNotFound          the command does not exist inside (127)
├── WorkspaceError           a repository, change set or apply that cannot go on (125)
└── SessionError             no such sandbox, a name in use, state that is broken (125)

Every error says what happened, why, and what to type next, and has a stable code for scripts.
"""

from __future__ import annotations


class PaddockError(Exception):
    """Paddock itself failed. `why` and `next_step` may be empty, `what` never."""

    code = "failed"
    exit_code = 125

    def __init__(self, what: str, *, why: str = "", next_step: str = "", code: str = "") -> None:
        """`what` is one sentence; `next_step` is a command or an edit that a person can make."""
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        if code:
            self.code = code

    def as_data(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {
            "schema": 1,
            "error": {
                "code": self.code,
                "what": self.what,
                "why": self.why,
                "next": self.next_step,
                "exit_code": self.exit_code,
            },
        }


class Usage(PaddockError):
    """The command line does not make sense."""

    code = "usage"


class PolicyError(PaddockError):
    """A policy file or flag has an unknown key, a wrong type or a wrong value."""

    code = "policy"
    exit_code = 126


class Refused(PaddockError):
    """The policy, the floor or a safety rule says no."""

    code = "refused"
    exit_code = 126


class GapRefused(Refused):
    """A boundary cannot keep a promise of the plan here, and nobody accepted that by name."""

    code = "gap"


class BoundaryUnavailable(PaddockError):
    """The boundary that the plan asks for cannot start on this machine."""

    code = "boundary-unavailable"


class CommandNotFound(PaddockError):
    """The command does not exist inside the sandbox."""

    code = "command-not-found"
    exit_code = 127


class WorkspaceError(PaddockError):
    """A repository, a change set or an apply that cannot go on."""

    code = "workspace"


class SessionError(PaddockError):
    """No such sandbox, a name that is in use, or state that is broken."""

    code = "session"
