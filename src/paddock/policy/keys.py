"""The one table of what a policy file may hold.

Validation, the JSON Schema, the commented default file and the reference page are all made from it. A new
setting starts here: with its type, its default, its sentence, and what makes one value looser than another.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal[
        "word", "switch", "words", "patterns", "paths", "variables", "assignments", "gaps", "hosts", "denials", "ports",
        "rules", "allowances", "bindings", "size", "count", "number", "duration",
    ]  # fmt: skip

LISTS = (
    "words", "patterns", "paths", "variables", "assignments", "gaps", "hosts", "denials", "ports", "rules",
    "allowances", "bindings",
)  # fmt: skip
# Lists that everybody may add to, whoever they are.
ONLY_TIGHTEN = ("workspace.mask", "workspace.canaries", "network.deny", "hazards.add")
CREDENTIALS = "credentials.NAME"  # the key that stands for all sections of that form
SETUP = "network.setup.allow"
LIMITS = ("size", "count", "number", "duration")
NONE = "none"  # the word that lifts a limit


@frozen
class Key:
    """One setting. `choices` go from the tightest word to the loosest; lists add up over all layers.

    A switch is true or false in a file, and one of these two words here.

    `largest` bounds a count that nobody may lift.
    """

    section: str
    name: str
    kind: Kind
    default: str | float | tuple[str, ...] | None
    doc: str
    looser: str  # for the reference page: what loosens it
    choices: tuple[str, ...] = ()
    largest: int = 0

    @property
    def full(self) -> str:
        """Section and name, "network.mode"."""
        return f"{self.section}.{self.name}"


SECTIONS = {
    "workspace": "The repository as the sandbox sees it.",
    "environment": "Variables beyond the few that every program gets.",
    "boundary": "What contains the processes.",
    "network": "What may be reached: nothing, unless it is listed.",
    "network.setup": "What a dev container's own set-up may reach while it is made: nothing, unless it is listed.",
    "credentials": "Secrets that stay outside. Inside, a variable holds a placeholder, which the gateway swaps.",
    "agents": "The agents that Paddock knows, and how they are started.",
    "hazards": "Which changes need a person's word before they are applied, beyond those that Paddock knows.",
    "limits": 'How much may be used. The word "none" takes a limit away.',
    "prove": "What must be shown before a command starts.",
}

# Weakest last, as `paddock.boundary.base.STRENGTH` says from the other end.
_STRONGEST_FIRST = ("microvm", "gvisor", "podman", "bubblewrap", "landlock")

_TABLE = (
    Key(
        "workspace",
        "mode",
        "word",
        "review",
        "review: changes are held until you apply them; scratch: changes are thrown away; "
        "readonly: no changes; live: changes go straight to your files",
        "each mode loosens those before it: readonly, scratch, review, live",
        ("readonly", "scratch", "review", "live"),
    ),
    Key(
        "workspace",
        "mask",
        "patterns",
        (".env", ".env.*", "*.pem"),
        "Files of the workspace that are seen inside as empty. A pattern without a slash matches in the repository's "
        "top directory only; for one below it, write the way: services/api/.env, packages/*/.env",
        "nothing: masks only add up",
    ),
    Key(
        "workspace",
        "read",
        "paths",
        (),
        "Paths outside the workspace that are shown read-only; places that hold credentials are refused",
        "every path",
    ),
    Key(
        "workspace",
        "canaries",
        "words",
        (),
        "False credentials to plant where thieves look: aws (~/.aws/credentials), ssh (~/.ssh/id_ed25519), env (in "
        "place of a masked .env, or ~/.env). Where one is sent out, the session ends",
        "nothing: canaries only add up",
        ("aws", "ssh", "env"),
    ),
    Key(
        "environment",
        "pass",
        "variables",
        (),
        "Variables of yours to pass on: exact names, or patterns such as LC_*, which never pass secrets",
        "every name and pattern",
    ),
    Key(
        "environment",
        "set",
        "assignments",
        (),
        "Variables with values of your own",
        "every variable, since a variable can steer any program",
    ),
    Key(
        "boundary",
        "use",
        "word",
        "auto",
        "The mechanism; auto takes the strongest that is cheap on this machine, at least bubblewrap",
        "a weaker mechanism; auto counts as bubblewrap, or as the minimum where that is stronger",
        ("auto", *_STRONGEST_FIRST),
    ),
    Key(
        "boundary",
        "minimum",
        "word",
        "bubblewrap",
        "The weakest mechanism that may be used; anything weaker refuses to run",
        "a weaker mechanism",
        _STRONGEST_FIRST,
    ),
    Key(
        "boundary",
        "accept",
        "gaps",
        (),
        "Gaps that you accept by name: promises that the boundary cannot keep on this machine",
        "every gap",
    ),
    Key(
        "boundary",
        "syscalls",
        "word",
        "default",
        "The system calls that are let through; debug adds ptrace, for debuggers and strace",
        "debug",
        ("default", "debug"),
    ),
    Key(
        "boundary",
        "nested",
        "switch",
        "false",
        "Whether containers can be made inside: the sandbox gets a rootless Podman of its own, which is `docker` too, "
        "and nothing of this machine's engine. The boundary is podman then, with the gap nested-namespaces",
        "true",
        ("false", "true"),
    ),
    Key(
        "network",
        "mode",
        "word",
        "off",
        "off: no network; allow: the hosts of the list and no others",
        "allow",
        ("off", "allow"),
    ),
    Key(
        "network",
        "allow",
        "hosts",
        (),
        'Hosts that may be reached in mode allow: "host" (port 443), "host:port", "*.domain" for all names below one, '
        '"host:5432" with the word host itself for a service of this machine, or a table. Of the entries that fit a '
        "name the narrowest decides",
        "every host and port, and what a table widens",
    ),
    Key(
        "network",
        "deny",
        "denials",
        (),
        'Hosts that may not be reached, whatever allows them: "host" or "*.domain", at every port, or "host:port" '
        "at one",
        "nothing: denials only add up",
    ),
    Key(
        "network",
        "publish",
        "ports",
        (),
        'Ports inside that can be reached at 127.0.0.1 of this machine: 3000, or "8080:3000" for port 3000 inside '
        "at port 8080 here",
        "every port",
    ),
    Key(
        "network",
        "connections",
        "count",
        1024,
        "Connections through the gateway that are open at the same time",
        "more",
        largest=10_000,
    ),
    Key("network", "rate", "count", 500, "Connections that are begun in a second", "more", largest=10_000),
    Key(
        "network.setup",
        "allow",
        "hosts",
        (),
        "Hosts that the set-up commands of a dev container may reach (onCreateCommand, updateContentCommand, "
        "postCreateCommand), as in network.allow. Nothing else of the network is theirs, and this is nobody else's; "
        "what the floor says of network.allow and network.mode holds here too",
        "every host and port, and what a table widens",
    ),
    Key(
        "credentials",
        "NAME",
        "bindings",
        (),
        "A credential of that name. source: env:VARIABLE, file:PATH, keyring:SERVICE/USER, command:PROGRAM ARGUMENTS "
        "or a list of arguments, without a shell. variables: what holds the placeholder inside. hosts: where it may "
        "go, as in network.allow; they may be reached then. shape: bearer (default), basic with a user, header:NAME or "
        "sigv4. ttl: how long a secret is good before it is fetched anew",
        "every credential",
    ),
    Key(
        "agents",
        "prompts",
        "word",
        "skip",
        "Whether an agent that Paddock knows asks before it acts. skip: it is started with its own flag against that, "
        "since this sandbox holds; keep: it asks as it does outside. Either way it makes no sandbox of its own",
        "skip",
        ("keep", "skip"),
    ),
    Key(
        "hazards",
        "add",
        "rules",
        (),
        "More files that are dangerous when they change: { pattern, family, why, severity }. A pattern is as in git's "
        "ignore files, but matches at any depth unless it starts with a slash; in any letter case",
        "nothing: rules only add up",
    ),
    Key(
        "hazards",
        "allow",
        "allowances",
        (),
        'Rules that do not apply here, "build-make", or not to some files, "build-make:/Makefile". What the floor '
        "adds always applies",
        "every allowance",
    ),
    Key("hazards", "large", "size", 50 * 2**20, "A changed file above this size is a hazard: nobody reads it", "more"),
    Key("limits", "memory", "size", 4 * 2**30, "Memory of all processes together", "more"),
    Key("limits", "processes", "count", 512, "Processes and threads at the same time", "more"),
    Key("limits", "open_files", "count", 16384, "Open files of each process", "more"),
    Key("limits", "file_size", "size", None, "The largest file that may be written", "more"),
    Key("limits", "cpus", "number", None, "How many processors' worth of time, such as 2 or 0.5", "more"),
    Key("limits", "wall", "duration", 4 * 3600, "How long the command may take", "more"),
    Key(
        "prove",
        "require",
        "duration",
        None,
        "How old the last proof may be: a run of `paddock prove` that held, signed by this machine, of this very "
        "policy, boundary, kernel and Paddock. Without one nothing starts",
        "more",
    ),
    Key(
        "prove",
        "at_start",
        "switch",
        "false",
        "Whether each sandbox is attacked by the quick probes before its command starts, which takes a moment. Where "
        "one breaks a promise, or gives no answer, nothing starts",
        "false",
        ("true", "false"),
    ),
)

KEYS: dict[str, Key] = {key.full: key for key in _TABLE}

# Meant to work one day. They are refused by name until then: a setting that is ignored protects nobody.
COMING: dict[str, str] = {
    "network.registries": "package registries",
    "network.minimum_age": "package registries",
    "network.minimum_project_age": "package registries",
    "actions": "the sensitive lane",
}
COMING_WORDS: dict[str, dict[str, str]] = {"network.mode": {"registries": "package registries"}}


def names_in(section: str) -> tuple[str, ...]:
    """The names of a section's keys."""
    return tuple(key.name for key in KEYS.values() if key.section == section)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The known word that is most like this one, or nothing."""
    import difflib

    found = difflib.get_close_matches(word[:40].lower(), known, n=1, cutoff=0.6)
    return found[0] if found else ""


def written(key: Key, value: object) -> str:
    """A value as a policy file would say it, in TOML: `"4GiB"`, `["a", "b"]`, `512`."""
    if value is None:
        return f'"{NONE}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    if key.kind == "size" and isinstance(value, int | float):
        return _in_units(value, (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))) or _plain(value)
    if key.kind == "duration" and isinstance(value, int | float):
        return _in_units(value, (("d", 86400), ("h", 3600), ("m", 60))) or f'"{_plain(value)}s"'
    return f'"{value}"' if isinstance(value, str) and key.kind != "switch" else _plain(value)


def _in_units(value: float, units: tuple[tuple[str, int], ...]) -> str:
    return next((f'"{_plain(value / factor)}{unit}"' for unit, factor in units if value % factor == 0), "")


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, int | float) and value == int(value) else str(value)
