"""Which functions stand between a sandbox and the machine, for the family `statements`."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A function (`name` or `Class.name`), or a whole module; where its mutants are tried, and by which scenarios."""

    boundary: str
    module: str
    function: str = ""
    setting: str = "off"
    scenarios: tuple[str, ...] = ()
    only_as: str = ""
    pack: bool = True
    only: tuple[str, ...] = ()  # kinds of changes, by the words that they begin with

    def applies(self) -> bool:
        """Whether it can be shown as this user."""
        return self.only_as in ("", "root" if os.geteuid() == 0 else "user")


def _places(boundary: str, module: str, *functions: str, **more) -> tuple[Place, ...]:
    return tuple(Place(boundary, f"paddock.{module}", function, **more) for function in functions or ("",))


# Functions of the same modules without mutants of their own.
LEFT_OUT = {
    **dict.fromkeys(
        (
            "boundary.build _failure", "boundary.sandbox _workspace_failure",
            "boundary.sandbox Sandbox._refuse_half_made", "kernel.join _names", "kernel.confine is_bound",
        ), "says what went wrong, or looks",
    ),
    **dict.fromkeys(
        (
            "boundary.build Build.__init__", "boundary.build Build._start", "boundary.build Build.wait",
            "boundary.build Build.wait_until_complete",
            "boundary.build Build._hear_the_keeper", "boundary.build Build.kill", "boundary.build _memory_file",
            "boundary.build _end_with_children", "boundary.build _fill_in", "boundary.sandbox begin", "boundary.sandbox _clone",
            "boundary.sandbox Sandbox.__init__", "boundary.sandbox Sandbox.start",
            "boundary.sandbox Sandbox.enter", "boundary.sandbox Sandbox.join", "boundary.confined LandlockSandbox.exec",
            "boundary.confined _make_terminal", "boundary.confined _make_directories", "kernel.join join",
            "kernel.join Joiner.__init__", "kernel.join Joiner.enter", "kernel.join Joiner.cancel",
            "kernel.join _fork_command", "kernel.confine become_program", "kernel.confine default_signals",
        ), "moves data and processes; what it protects by is in what it calls",
    ),
    **dict.fromkeys(
        (
            "boundary.build Build.settle", "boundary.sandbox _execute", "boundary.sandbox _fill",
            "kernel.mounts allow_programs", "kernel.mounts alone",
        ), "for Docker, of which nothing is taken away yet: what it forbids too much is allowed by them",
    ),
    **dict.fromkeys(
        (
            "process close_all_but", "kernel.confine _close_range", "kernel.confine drop_capabilities",
            "kernel.mounts _set_attributes", "kernel.mounts make_private",
        ), "one call: its callers have the mutants",
    ),
    **dict.fromkeys(
        ("kernel.mounts swap_ids", "kernel.mounts _swapped"),
        "whose ids the files show; hands: 'no id of its own'",
    ),
    "kernel.confine become_with_capabilities": "for the gateway's maker of sockets",
    "kernel.confine _holds": "asks",
    "boundary.build mark": "names",
    "boundary.confined LandlockSandbox.stop": "the keeper's end is that of all",
}  # fmt: skip
_GUARDS, _REFUSALS = ("never if", "never refused if"), ("never refused if",)


def _gateway(module: str, *functions: str, scenarios: tuple[str, ...] = (), only: tuple[str, ...] = _GUARDS):
    """What bodies and first words are judged by is no business of the pack's, which sends plain ones."""
    pack = module.partition(".")[0] not in ("http", "tls", "secrets", "budget")
    return _places(
        "gateway", f"gateway.{module}", *functions, setting="allow", scenarios=scenarios, only=only, pack=pack
    )


PLACES = (
    *_places("bubblewrap", "boundary.build", "_become_bubblewrap"),
    *_places("bubblewrap", "boundary.sandbox", "_mount_all", "_reveal", "_mount_overlay", "_trust", "_unstage"),
    *_places("bubblewrap", "boundary.sandbox", "_mask", scenarios=("OK-06 next-run",)),
    *_places("bubblewrap", "boundary.sandbox", "Sandbox.stop", scenarios=("LC-01", "LC-02")),
    *_places("bubblewrap", "boundary.sandbox", "_hold", setting="live", scenarios=("PE-06",)),
    *_places("bubblewrap", "kernel.join", "_joiner", "_become_somebody", "_enter_all", "_told", "_become_command", "_make_group",
             "_watch", scenarios=("LC-02", "RS-02 memory-together", "PK-11", "PK-32 tiocsti-redirected")),
    *_places("bubblewrap", "kernel.join", "_open_terminal", scenarios=("PK-32 tiocsti-redirected", "OK-03 terminal")),
    *_places("bubblewrap", "kernel.confine", "become", "drop_capabilities_but", "close_all_but", scenarios=("PK-11",)),
    *_places("bubblewrap", "kernel.namespaces", "be_unreadable"),
    *_places("podman", "boundary.sandbox", "_own", setting="podman", scenarios=("OK-02 home",)),
    *_places("podman", "boundary.sandbox", "_seal", "_mirror", "_remove", "_make_link", "_blank", setting="podman"),
    *_places("podman", "kernel.mounts", "seal", "bind_deep", setting="podman"),
    *_places("podman", "kernel.join", "_enter_all", setting="podman", only=("not for",)),
    *_places("podman", "boundary.guard", "Guard.release", "_guard", "_remove", "_attend", "_start", setting="podman",
             scenarios=("LC-01", "LC-02", "LC-07")),
    *_places("podman", "boundary.container", "Container.kill", setting="podman", scenarios=("LC-07",)),
    *_places("gvisor", "kernel.mounts", "make_unbindable", setting="gvisor"),
    *_places("gvisor", "boundary.guest", "Guest.prepare", setting="gvisor", only=_REFUSALS),
    *_places("gvisor", "boundary.guest", "Guest._mourn", setting="gvisor", scenarios=("LC-02",)),
    *_places("bubblewrap", "kernel.mounts", "_mount", "overlay", "bind", "bind_read_only", "detach"),
    *_places("bubblewrap", "kernel.mounts", "clone", "attach", setting="shown", only_as="root"),
    *_places("bubblewrap", "kernel.mounts", "cover", setting="live", scenarios=("PE-06",)),
    *_places("bubblewrap", "kernel.streams", "open_pipes", "take"),
    *_places("bubblewrap", "kernel.seccomp", "install"),
    *_places("bubblewrap", "kernel.landlock", "confine_to_root"),
    *_places("bubblewrap", "kernel.rlimits", "set_limits"),
    *_places("landlock", "boundary.confined", "_keeper", "_watch", "_become_command", "bind",
             "LandlockSandbox.__init__", setting="landlock", scenarios=("LC-01", "LC-02", "PK-32 own-session"), only_as="user"),
    *_places("landlock", "kernel.confine", "drop_capabilities_but", "close_all_but", setting="landlock", only_as="user"),
    *_places("landlock", "kernel.landlock", "restrict", "_add_standard_streams", "_add", setting="landlock",
             only_as="user"),
    *_places("landlock", "kernel.reaping", setting="landlock", scenarios=("LC-01",), only_as="user"),
    *_gateway("opening", "check_name", "Opening._read_hello", scenarios=("NW-18", "NW-26", "NW-45")),
    *_gateway("opening", "Opening.data_received", scenarios=("NW-15", "NW-16")),
    *_gateway("table", "Table.asked", "Table._judged", "Table._first_time", "Table._number",
              scenarios=("NW-14", "NW-22", "NW-31", "NW-44")),
    *_gateway("engine", "Engine.admit", "Engine.admit_to", "Engine._judge_again", scenarios=("NW-45", "NW-31")),
    *_gateway("relay", "End.data_received", scenarios=("NW-45", "NW-18")),
    *_gateway("rules", "check", scenarios=("NW-22",)),
    *_gateway("outside.guard", "refusal", "_own_class", "carried", scenarios=("NW-25", "NW-08")),
    *_gateway("outside.dial", scenarios=("NW-25", "NW-08")),
    *_gateway("inside.dns", only=_REFUSALS),
    *_gateway("tls.hello", scenarios=("NW-18",), only=_REFUSALS),
    *_gateway("tls.retries", scenarios=("NW-18",), only=_REFUSALS),
    *_gateway("http.heads", scenarios=("NW-32", "NW-17"), only=_REFUSALS),
    *_gateway("http.bodies", scenarios=("NW-32", "NW-47"), only=_REFUSALS),
    *_gateway("http.requests", scenarios=("NW-32", "NW-17", "NW-33"), only=_REFUSALS),
    *_gateway("http.answers", scenarios=("NW-32", "NW-33", "NW-47"), only=_REFUSALS),
    *_gateway("secrets.broker", scenarios=("CR-36", "CR-41", "NW-26", "NW-45")),
    *_gateway("secrets.leaks", scenarios=("CR-36", "CR-41")),
    *_gateway("secrets.proofs", scenarios=("CR-36",)),
    *_gateway("budget", scenarios=("NW-45",)),
    *_gateway("control", scenarios=("NW-31",)),
    *_places("gateway", "gateway.child", "drop", "let_go", "_confine", "die_with", "detach", setting="allow",
             scenarios=("NW-31", "NW-47")),
)  # fmt: skip
