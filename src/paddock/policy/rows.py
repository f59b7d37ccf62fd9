"""A merged policy as rows of key, value and origin: one for each word and limit, one for each entry of a list."""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.policy.credentials import is_secret_name
from paddock.policy.keys import KEYS, LIMITS, written
from paddock.policy.model import BUILT_IN, Assignment, Origin
from paddock.policy.tightening import described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.comparing import Entry
    from paddock.policy.model import Policy

HIDDEN = "(hidden)"


@frozen
class Row:
    """One line of `paddock policy show`. `value` is empty for a list without entries."""

    key: str
    value: str
    origin: Origin


def rows(policy: Policy) -> tuple[Row, ...]:
    """All rows, in the order of the table. Values of variables whose names look secret are hidden."""
    words = {
        "workspace.mode": policy.workspace_mode,
        "boundary.use": policy.boundary_use,
        "boundary.minimum": policy.boundary_minimum,
        "boundary.syscalls": policy.syscalls,
        "boundary.nested": policy.nested,
        "network.mode": policy.network_mode,
        "agents.prompts": policy.agent_prompts,
        "prove.at_start": policy.prove_at_start,
    }
    lists: dict[str, tuple[Entry, ...]] = {
        "workspace.mask": policy.mask,
        "workspace.read": policy.read,
        "environment.pass": policy.pass_variables,
        "environment.set": policy.set_variables,
        "boundary.accept": policy.accept,
        "network.allow": policy.allow,
        "network.setup.allow": policy.setup_allow,
        "network.deny": policy.deny,
        "network.publish": policy.publish,
        "workspace.canaries": policy.canaries,
        "credentials.NAME": policy.credentials,
        "hazards.add": policy.hazards_add,
        "hazards.allow": policy.hazards_allow,
    }
    found: list[Row] = []
    for key in KEYS.values():
        if key.full in words:
            found.append(Row(key.full, words[key.full].value, words[key.full].origin))
        elif key.kind in LIMITS:
            found.append(_limit(policy, key.full))
        else:
            entries = lists[key.full]
            found += [Row(key.full, _shown(entry), entry.origin) for entry in entries] or [Row(key.full, "", BUILT_IN)]
    return tuple(found)


def _limit(policy: Policy, full: str) -> Row:
    key = KEYS[full]
    others = (policy.hazards_large, policy.connections, policy.rate, policy.prove_require)
    for amount in (*policy.limits, *filter(None, others)):
        if amount.name == key.name:
            return Row(full, written(key, amount.value).strip('"'), amount.origin)
    origin = next((text.origin for text in policy.lifted if text.value == key.name), BUILT_IN)
    return Row(full, written(key, None).strip('"'), origin)


def _shown(entry: Entry) -> str:
    if isinstance(entry, Assignment) and is_secret_name(entry.name):
        return f"{entry.name}={HIDDEN}"
    return described(entry)
