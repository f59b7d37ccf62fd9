"""What gVisor is told (`boundary.gvisor`), one thing weakened at a time: its flags, the guest, each command in it.

What its container is made with are the words of podman's boundary (`engines`), and only those besides are here.
An entry that this file does not know is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation import engines
from tests.mutation.mutants import TELL, Mutant, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.boundary.sheet import Compiled

    Described = Mapping[str, Any]

_KINDS = ("bounding", "effective", "inheritable", "permitted", "ambient")
_ALL = [
    "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_NET_RAW",
    "CAP_NET_ADMIN", "CAP_MKNOD", "CAP_CHOWN", "CAP_FOWNER", "CAP_KILL", "CAP_SYS_RESOURCE",
]  # fmt: skip
# Entries without a mutant of their own.
NO_PROTECTION = {
    "--root": "where runsc keeps what it knows, which `make_unbindable` hides",
    "--ignore-cgroups": "the groups are Paddock's",
    "--platform": "the one that works here",
    "--file-access": "what gVisor remembers of files",
    "ociVersion": "the form of all this",
    "root": "the container's",
    "/dev/pts": "gVisor's own terminals",
    "terminal": "which streams it has",
    "cwd": "where it starts",
    "env": "hands: the caller's environment for the command",
    "unmask=ALL": "the container's /proc is seen by gVisor alone",
}
_FLAGS = {"--network=none": "--network=host"}


def flags(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The flags with one weakened. Raises KeyError for one that nobody knows."""
    found = {}
    for number, word in enumerate(words):
        if word in _FLAGS:
            found[f"{_FLAGS[word]} for {word}"] = (*words[:number], _FLAGS[word], *words[number + 1 :])
        elif word.startswith("--") and word.partition("=")[0] not in NO_PROTECTION:
            raise KeyError(word)
    return found


def guest(bundle: Described) -> dict[str, Described]:
    """The guest with one thing weakened."""
    found: dict[str, Described] = {}
    for name in bundle:
        if name == "mounts":
            found |= {said: {**bundle, "mounts": less} for said, less in _mounts(bundle["mounts"])}
        elif name == "hostname":
            found["no name of its own"] = {key: value for key, value in bundle.items() if key != name}
        elif name == "linux":
            kinds = bundle["linux"]["namespaces"]
            for kind in kinds:
                rest = [one for one in kinds if one != kind]
                found[f"no {kind['type']} namespace"] = {**bundle, "linux": {**bundle["linux"], "namespaces": rest}}
        elif name == "process":
            # The limits of the first process are those of every command.
            found["no limits"] = {**bundle, "process": {**bundle["process"], "rlimits": []}}
        elif name not in NO_PROTECTION:
            raise KeyError(name)
    return found


def _mounts(mounts: Sequence[Described]) -> Iterator[tuple[str, list[Described]]]:
    for number, mount in enumerate(mounts):
        place, before, after = mount["destination"], mounts[:number], mounts[number + 1 :]
        if place in ("/proc", "/dev", "/sys"):
            theirs = {"destination": place, "type": "bind", "source": place, "options": ["rbind"]}
            yield f"{place} of the container", [*before, theirs, *after]
        elif place not in NO_PROTECTION:
            endless = [option for option in mount["options"] if not option.startswith("size=")]
            yield f"{place} without a size", [*before, {**mount, "options": endless}, *after]


def command(process: Described) -> dict[str, Described]:
    """A command with one thing weakened."""
    found: dict[str, Described] = {}
    for name in process:
        if name == "capabilities":
            found["capabilities for a command"] = {**process, name: dict.fromkeys(_KINDS, _ALL)}
        elif name == "noNewPrivileges":
            found["new privileges for a command"] = {**process, name: False}
        elif name == "user":
            found["uid 0 for a command"] = {**process, name: {"uid": 0, "gid": 0}}
        elif name == "args":
            # The program that gives up what is left, and then the command's path and words.
            found["no program of ours before a command"] = {**process, name: [process[name][1], *process[name][3:]]}
        elif name not in (*NO_PROTECTION, "rlimits"):
            raise KeyError(name)
    return found


def container(compiled: Compiled, less: Compiled) -> dict[str, Compiled]:
    """The container with one thing weakened of what it has beside podman's, which is `less`."""
    known = engines.changes(less)
    return {said: it for said, it in engines.changes(compiled).items() if said not in known}


def mutants() -> Iterator[Mutant]:
    """All that a guest is told."""
    from tests.mutation.fields import told

    for key in told(f"guests: {TELL}", "gvisor"):
        yield Mutant("guests", key, "gvisor", "gvisor")


def install(key: str) -> None:
    """Weaken what is told to gVisor in this process."""
    from paddock.boundary import gvisor, podman
    from paddock.frozen import replace

    real_flags, real_bundle, real_process, real = gvisor.flags, gvisor.bundle, gvisor.process, gvisor.compile
    known: dict[str, None] = {}

    def weaker_flags(plan, runsc):
        found = flags(words := real_flags(plan, runsc))
        known.update(dict.fromkeys(found))
        return found.get(key, words)

    def weaker_bundle(plan, limits):
        found = guest(bundle := real_bundle(plan, limits))
        # Commands come later, in a process of their own: their form is that of the first.
        known.update(dict.fromkeys((*found, *command({**bundle["process"], "args": ["enter", "path", "word"]}))))
        if key == TELL:
            tell(known)
        return found.get(key, bundle)

    def weaker_process(start, path):
        described = real_process(start, path)
        return command(described).get(key, described)

    def weaker_container(plan, facts, *rest):
        compiled = real(plan, facts, *rest)
        found = container(compiled, podman.compile(plan, replace(facts, covered_proc=()), *rest[:1]))
        known.update(dict.fromkeys(found))
        return found.get(key, compiled)

    gvisor.flags, gvisor.bundle, gvisor.process = weaker_flags, weaker_bundle, weaker_process
    gvisor.compile = weaker_container
