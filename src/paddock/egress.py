"""A session's way out: its gateway, what that is entrusted with, and how programs inside come to trust it."""

from __future__ import annotations

import os

from paddock.boundary import steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.credentials.holding import Held
    from paddock.gateway.server import Gateway
    from paddock.kernel.namespaces import Namespaces
    from paddock.live import Live
    from paddock.plan.model import Plan
    from paddock.unwinding import Unwinding


def terminates(plan: Plan) -> bool:
    """Whether the gateway will end TLS, so that programs inside have to trust the session's authority."""
    if not plan.credentials and not any(rule.methods or rule.paths for rule in plan.network.rules):
        return False
    from paddock.plan import trusting

    return bool(trusting.terminated(plan.network, plan.credentials))


def place_of_trust(own: Live) -> str:
    """Where the gateway writes whom programs inside are to trust."""
    return f"{own.directory}/trust"


def make_place_of_trust(own: Live) -> str:
    """Make that directory, empty."""
    os.mkdir(place_of_trust(own))
    os.chmod(place_of_trust(own), 0o755)  # noqa: S103 - read inside, under any uid; the directory above is private
    return place_of_trust(own)


def stand_in() -> tuple[int, int] | None:
    """The ids under which root's gateways run."""
    return (steps.GATEWAY_STAND_IN, steps.GATEWAY_STAND_IN) if os.geteuid() == 0 else None


def open_gateway(plan: Plan, namespaces: Namespaces, own: Live, held: Held | None, undo: Unwinding) -> Gateway | None:
    """The gateway of a plan's sandbox; none where nothing leads out or in. Raises as `server.start` does."""
    if plan.network.mode == "off" and not plan.network.published:
        return None
    from paddock.gateway import record, server
    from paddock.record import logs

    renewer = held.renewer(plan) if held else None
    if renewer:
        undo.callback(renewer.stop)
    entrusted = server.Entrusted(
        brokered=held.brokered if held else (),
        canaries=held.planting.canaries if held else (),
        directory=place_of_trust(own) if terminates(plan) else "",
        renewals=renewer.channel if renewer else -1,
    )
    log = logs.create(own.name)
    try:
        return server.start(
            plan.network,
            namespaces,
            record_path=log,
            drop_to=stand_in(),
            directory=own.directory,
            about=lambda: record.about(plan, own.name),
            entrusted=entrusted,
        )
    except BaseException:
        logs.forget_empty(log)
        raise
    finally:
        if renewer:
            renewer.handed_over()
