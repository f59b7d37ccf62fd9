"""The command line as the last layer: the same readers as for files, the flag's name as the origin."""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.policy.checking import assignment, items, scalar
from paddock.policy.keys import KEYS, NONE, names_in, nearest
from paddock.policy.model import Layer, Origin, Setting
from paddock.policy.values import DURATIONS, Wrong, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# What the mapping holds: a word, or a list of texts, by the flag's name without dashes.
WORDS = {
    "workspace": "workspace.mode",
    "boundary": "boundary.use",
    "minimum": "boundary.minimum",
    "net": "network.mode",
}
MANY = {
    "read": "workspace.read",
    "mask": "workspace.mask",
    "accept": "boundary.accept",
    "allow": "network.allow",
    "deny": "network.deny",
    "publish": "network.publish",
}
SWITCHES = {
    "debug_syscalls": ("boundary.syscalls", "debug"),
    "nested": ("boundary.nested", "true"),
    "ask_inside": ("agents.prompts", "keep"),
}
WHERE = "the command line"


def flags_layer(given: Mapping[str, object], base: str = "") -> Layer:
    """The layer of what was given: `{"net": "allow", "env": ["CI", "A=b"], "limit": ["wall=1h"], …}`.

    Relative paths of --read count from `base`. Raises PolicyError with every problem.
    """
    settings: list[Setting] = []
    problems: list[tuple[str, bool]] = []
    for flag, value in given.items():
        if value is None or value is False or value == []:
            continue
        origin = Origin("flag", "--" + flag.replace("_", "-"))
        texts = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
        try:
            settings += _settings(flag, texts, origin, base)
        except Wrong as error:
            problems.append((f"{origin.where}: {error}", error.coming))
    if problems:
        raise PolicyError(
            problems[0][0],
            why="\n".join(text for text, _ in problems[1:]),
            next_step="see: paddock run --help",
            code="not-available-yet" if all(coming for _, coming in problems) else "policy",
        )
    if given.get("allow") and not given.get("net"):
        settings.append(Setting("network.mode", "allow", Origin("flag", "--allow")))
    order = list(KEYS)
    return Layer("flag", WHERE, tuple(sorted(settings, key=lambda setting: order.index(setting.key))))


def _settings(flag: str, texts: Sequence[str], origin: Origin, base: str) -> Iterable[Setting]:
    if flag in WORDS:
        key = KEYS[WORDS[flag]]
        return [Setting(key.full, scalar(key, texts[-1]), origin)]
    if flag in MANY:
        key = KEYS[MANY[flag]]
        found = tuple(entry for text in texts for entry in items(key, text, origin, base))
        return [Setting(key.full, found, origin)]  # type: ignore[arg-type]  # one key has one kind of entry
    if flag == "env":
        return _environment(texts, origin)
    if flag == "limit":
        return [_limit(text, origin) for text in texts]
    if flag == "require_proof":
        return [_age(texts[-1], origin)]
    if flag in SWITCHES:
        return [Setting(*SWITCHES[flag], origin)]
    message = f"no such flag: {flag}"
    raise KeyError(message)


def _environment(texts: Sequence[str], origin: Origin) -> Iterator[Setting]:
    """`NAME` passes a variable on, `NAME=VALUE` sets one."""
    key = KEYS["environment.pass"]
    named = tuple(entry for text in texts if "=" not in text for entry in items(key, text, origin))
    pairs = [text.partition("=") for text in texts if "=" in text]
    if named:
        yield Setting("environment.pass", named, origin)  # type: ignore[arg-type]  # all are texts
    if pairs:
        yield Setting("environment.set", tuple(assignment(name, value, origin) for name, _, value in pairs), origin)


def _age(text: str, origin: Origin) -> Setting:
    """Days, or a duration as in a file."""
    key = KEYS["prove.require"]
    if text.isascii() and text.isdigit():
        return Setting(key.full, scalar(key, f"{text}d"), origin)
    if text != NONE and text[-1:] not in DURATIONS:
        raise Wrong(f'expected days, or a duration with its unit, such as 7 or "12h", not {shown(text)}')
    return Setting(key.full, scalar(key, text), origin)


def _limit(text: str, origin: Origin) -> Setting:
    name, equals, value = text.partition("=")
    key = KEYS.get(f"limits.{name}")
    if key is None or not equals:
        near = nearest(name, names_in("limits"))
        hint = f"; did you mean {near}?" if near and near != name else f"; there are {', '.join(names_in('limits'))}"
        raise Wrong(f"expected NAME=VALUE, not {shown(text)}{hint}")
    return Setting(key.full, scalar(key, value), origin)
