"""A plan as text for people: the four layers, each line with who decided it."""

from __future__ import annotations

from paddock.frozen import replace
from paddock.plan.paths import within
from paddock.plan.trusting import terminated
from paddock.policy.reach import bounds, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paddock.plan.model import Bound, Limit, Plan, Rule
    from paddock.policy.model import Origin

MODES = {
    "review": "copy-on-write: the host's files stay untouched until paddock apply",
    "live": "writes reach the host at once",
    "readonly": "nothing can be written",
    "scratch": "copy-on-write, thrown away at the end",
}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_MASKS_SHOWN = 20


def sections(plan: Plan) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The layers, each with its rows: a word, what it says, who decided."""
    yield "1 workspace   what may it read and write?", list(_workspace(plan))
    yield "2 boundary    what contains the process?", list(_boundary(plan))
    yield "3 network     what may it reach?", list(_network(plan))
    if plan.credentials or plan.canaries:
        yield "credentials   what stays outside?", list(_credentials(plan))
    yield "4 approval    what needs a person?", [("later", "sensitive actions are not available yet", "")]
    yield (
        "environment",
        [
            (variable.name, "passed on" if variable.passed else variable.value, str(variable.origin))
            for variable in plan.environment
        ],
    )


def size(value: float) -> str:
    """Bytes for people; exact where a binary unit is."""
    unit = 0
    while value >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004
        value, unit = value / 1024, unit + 1
    return f"{value:g} {_UNITS[unit]}" if value == int(value) else f"{value:.1f} {_UNITS[unit]}"


def age(seconds: float) -> str:
    """A duration in days, or in hours where it is no whole number of them."""
    days = seconds / 86400
    return f"{days:g} days" if days.is_integer() else f"{seconds / 3600:g} hours"


def amount(limit: Limit) -> str:
    """A limit with its unit."""
    if limit.name in ("memory", "file_size"):
        return size(limit.value)
    if limit.name == "wall":
        hours, rest = divmod(int(limit.value), 3600)
        minutes, seconds = divmod(rest, 60)
        parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
        return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
    return f"{limit.value:g}"


def is_promise(origin: Origin) -> bool:
    """Whether a limit is a promise; a built-in one is a precaution that may bind per process only."""
    return origin.kind != "built-in"


def _workspace(plan: Plan) -> Iterator[tuple[str, str, str]]:
    place = plan.workspace
    yield place.mode, f"{place.source}  ({MODES[place.mode]})", str(place.origin)
    planted = {each.target for each in plan.canaries if plan.network.mode != "off"}
    for mask in place.masks[:_MASKS_SHOWN]:
        kind = "a canary" if mask.target in planted else "an empty directory" if mask.directory else "an empty file"
        yield "masked", f"{_relative(mask.target, place.source)}  (seen as {kind})", str(mask.origin)
    if len(place.masks) > _MASKS_SHOWN:
        yield "masked", f"and {len(place.masks) - _MASKS_SHOWN} more", ""
    for mount in plan.mounts:
        if not within(mount.target, "/etc"):
            whence = "" if mount.source == mount.target else f"  (from {mount.source})"
            yield mount.access, mount.target + whence, str(mount.origin)
    etc = sum(within(mount.target, "/etc") for mount in plan.mounts)
    yield (
        "read",
        f"/etc: {etc} files and directories of the host's, {len(plan.files)} written for the sandbox",
        "built-in",
    )
    private = ", ".join(f"{entry.target} {size(entry.size_bytes)}" for entry in plan.private)
    yield "private", f"{private}  (in memory, empty at the start, gone at the end)", "built-in"


def _boundary(plan: Plan) -> Iterator[tuple[str, str, str]]:
    yield plan.boundary.use, f"at least {plan.boundary.minimum}", str(plan.boundary.origin)
    for gap in plan.boundary.accepted_gaps:
        yield "accepted", f"gap {gap}", ""
    if plan.proving.within_s:
        yield "proof", f"of this policy, at most {age(plan.proving.within_s)} old", str(plan.proving.origin)
    if plan.proving.at_start:
        yield "attacked", "by the quick probes, before the command starts", str(plan.proving.at_start_origin)
    if plan.image:
        seen = f"; the repository also at {plan.image.folder}" if plan.image.folder else ""
        yield "root", f"image {plan.image.reference[:12]}{seen}", str(plan.image.origin)
    yield "person", f"{plan.person.name}, uid {plan.person.uid}, no capabilities, no new privileges", "built-in"
    debug = "ptrace allowed inside" if plan.syscalls == "debug" else "deny-list"
    yield "calls", f"{plan.syscalls} ({debug})", str(plan.syscalls_origin)
    for service in plan.services:
        yield "beside", f"{service.name}, a container of the image {service.image[:12]}", str(service.origin)
    if plan.nested:
        text = "containers inside, by a Podman of the sandbox's own: namespaces and mounts in them are let through"
        yield "nested", text, str(plan.nested_origin)
    for limit in plan.limits:
        kind = "promise" if is_promise(limit.origin) else "precaution"
        yield "limit", f"{limit.name} {amount(limit)}  ({kind})", str(limit.origin)


def _network(plan: Plan) -> Iterator[tuple[str, str, str]]:
    what = "nothing: an empty network of its own" if plan.network.mode == "off" else "these names and ports only"
    yield plan.network.mode, what, str(plan.network.origin)
    for rule in plan.network.rules:
        is_read = bool(terminated(replace(plan.network, rules=(rule,)), plan.credentials))
        yield "allow", place(rule) + _in_brackets(_limits(rule, is_read=is_read)), str(rule.origin)
    for denied in plan.network.denied:
        yield "deny", place(denied), str(denied.origin)
    for port in plan.network.published:
        yield "publish", f"port {port.inside} inside, at 127.0.0.1:{port.outside} of this machine", str(port.origin)
    if plan.network.mode != "off" and plan.network.connections:
        yield "at most", f"{plan.network.connections} connections at once, {plan.network.rate} new ones in a second", ""


def _credentials(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Where each comes from and may go. No secret is known here."""
    unused = "; not used: the network is off" if plan.network.mode == "off" else ""
    for credential in plan.credentials:
        kept = "the agent's login file" if credential.source.startswith("login:") else ""
        names = ", ".join(credential.variables) or kept
        places = ", ".join(place_of(bound) for bound in credential.bound)
        shape = f"{credential.shape} of {credential.user}" if credential.user else credential.shape
        anew = f", anew every {credential.ttl_s:g} s" if credential.ttl_s else ""
        text = f"{credential.source} as {shape} to {places}; a placeholder in {names}{anew}{unused}"
        yield credential.name, text, str(credential.origin)
    for planted in plan.canaries:
        what = f"{planted.kind}, in {planted.target}: sent out, it ends the session{unused}"
        yield "canary", what, str(planted.origin)


def place_of(bound: Bound) -> str:
    """A place that a credential may go to, with what may be asked there."""
    asked = " ".join((*bound.methods, *bound.paths))
    host = f"[{bound.host}]" if ":" in bound.host else bound.host
    return f"{host}:{bound.port}" + (f" ({asked})" if asked else "")


def _limits(rule: Rule, *, is_read: bool) -> list[str]:
    """What a rule says beyond its place. Where it leads says enough of an endpoint's or a service's own address."""
    opened = ["TLS ends at the gateway"] if is_read else []
    if rule.upstream:
        return [f"leads to {rule.upstream}", *bounds(replace(rule, private=False)), *opened]
    return [*bounds(rule), *opened]


def _in_brackets(said: list[str]) -> str:
    return f"  ({', '.join(said)})" if said else ""


def _relative(path: str, base: str) -> str:
    return path[len(base) + 1 :] if within(path, base) and path != base else path


def widths(rows: Iterable[tuple[str, str, str]]) -> tuple[int, int]:
    """How wide the first two columns are; a long one does not push the others out."""
    rows = list(rows)
    first = max((len(row[0]) for row in rows), default=0)
    second = max((len(row[1]) for row in rows if len(row[1]) <= 72), default=0)  # noqa: PLR2004 - columns
    return first, second
