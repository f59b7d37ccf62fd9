"""The comparison page: `python benchmarks/comparison.py [--only NAME] > docs/explanation/comparison.md`.

Attacks Paddock's own boundaries and every other sandbox that is installed here with the same probes (`paddock prove
--against`), each as people start it and as its documents would have it at its strictest. One whose program is not on
PATH is left out by name. Containers need an image with Python: `--image NAME`, or `--make-image` makes one of this
machine's own files. Run it as an ordinary user. The made-up people live in ~/paddock-comparison meanwhile: some
sandboxes have a ~/.cache of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paddock.probes.catalogue.reading import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Proof = Mapping[str, Any]

CONTAINER = (
    "env HOME={home} XDG_RUNTIME_DIR={runtime} podman --runtime {program} {flags} run --rm -i "
    '-v "$PWD:$PWD" -w "$PWD" {options} {image}'
)
CLEAN = 'env -i HOME="$HOME" PATH=/usr/local/bin:/usr/bin:/bin'
MINIMAL = (
    "bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc "
    '--dev /dev --tmpfs /tmp --bind "$PWD" "$PWD" --chdir "$PWD" --unshare-all --die-with-parent --new-session '
    "--cap-drop ALL"
)
FIREJAIL = (
    'firejail --quiet --whitelist="$PWD" --net=none --caps.drop=all --seccomp --nonewprivs --private-dev --private-tmp '
    "--private-cache --dbus-user=none --dbus-system=none --ipc-namespace --noroot --restrict-namespaces --machine-id"
)
# What a mount of the whole root read-only, or a sandbox made for building, never said that it would do.
READS = ("outside", "credentials", "private")
WRITES = ("workspace", "later", "review", "writing", "links")
LIMITS = ("process-limit", "memory-limit", "processor-limit", "open-files-limit", "file-limit", "time-limit")
# Paddock's own notions, which nobody else has to share.
NOTIONS = (
    "masks",
    "policy",
    "closed",
    "approval",
    "shown",
    "verdicts",
    "secrets",
    "record",
    "own-files",
    "private-sizes",
)
DESIGN = (*WRITES, *LIMITS, *NOTIONS)


# Paddock's own, the default one first.
OWN = ("bubblewrap", "landlock", "podman", "gvisor")


@dataclass(frozen=True)
class Peer:
    """Another sandbox. `unpromised`: promises that its design does not make; `strict`: its strictest documented use.

    `note` says in Markdown what else there is to know of how it was started.
    """

    name: str
    program: str
    words: str
    unpromised: tuple[str, ...] = ()
    strict: bool = False
    version: tuple[str, ...] = ("--version",)
    note: str = ""


def peers(places: Mapping[str, str]) -> Iterator[Peer]:
    """All that are known, whether installed or not."""
    yield Peer("no sandbox", "env", "env")
    recipe = 'bwrap --ro-bind / / --bind "$PWD" "$PWD" --dev /dev --proc /proc'
    yield Peer("bubblewrap, the short recipe", "bwrap", recipe, (*READS, *DESIGN, "environment"))
    yield Peer("bubblewrap, a minimal root", "bwrap", f"{CLEAN} {MINIMAL}", DESIGN, strict=True)
    yield from sandbox_runtime(places)
    yield from codex()
    yield Peer("firejail, as installed", "firejail", "firejail --quiet", (*DESIGN, "environment"))
    yield Peer("firejail, strict", "firejail", f"{CLEAN} {FIREJAIL}", DESIGN, strict=True)
    unshare = "unshare -Urmpf --mount-proc --net --ipc --uts --kill-child"
    yield Peer("unshare, all namespaces", "unshare", unshare, (*READS, *DESIGN, "environment", "kernel-surface"))
    if not places["image"]:
        return
    # Which programs there are to work with is the image's affair.
    contained = (*DESIGN, "work")
    runc = {**places, "program": "runc", "flags": ""}
    yield Peer("Podman, rootless", "podman", CONTAINER.format_map({**runc, "options": ""}), contained)
    tight = "--network none --cap-drop all --security-opt no-new-privileges --read-only --userns keep-id"
    strictest = CONTAINER.format_map({**runc, "options": tight})
    yield Peer("Podman, rootless, strict", "podman", strictest, contained, strict=True)
    # Without cgroups of its own it must be told that there are none; and the network is off at both.
    flags = "--runtime-flag=ignore-cgroups --runtime-flag=network=none"
    gvisor = {**places, "program": places["runsc"], "flags": flags, "options": "--network none"}
    yield Peer("Podman with gVisor", "runsc", CONTAINER.format_map(gvisor), contained, strict=True)


def sandbox_runtime(places: Mapping[str, str]) -> Iterator[Peer]:
    """Its settings are in a file; what is not said there is as by default."""
    unpromised = (*READS, *DESIGN, "environment")
    yield Peer("sandbox-runtime, as installed", "srt", "srt --", (*unpromised, "work"), note=READ_ONLY)
    offline: dict[str, list[str]] = {"allowedDomains": [], "deniedDomains": []}
    writing = {"denyRead": [], "allowWrite": ["."], "denyWrite": []}
    # Its own program for the filter must be in sight as well.
    reading = {"denyRead": ["/home", "/root", "/tmp", "/var"], "allowRead": [".", installed("srt")]}
    for name, files, prefix, left in (
        ("the repository writable", writing, "", unpromised),
        ("strict", {**writing, **reading}, f"{CLEAN} ", DESIGN),
    ):
        settings = {"network": offline, "filesystem": files}
        file = f"{places['settings']}/{name.split()[-1]}.json"
        with open(file, "w", encoding="ascii") as written:
            json.dump(settings, written)
        words, note = f"{prefix}srt --settings {file} --", f"With these settings: `{json.dumps(settings)}`"
        yield Peer(f"sandbox-runtime, {name}", "srt", words, left, strict=name == "strict", note=note)


def codex() -> Iterator[Peer]:
    """Its sandbox for commands, without an agent."""
    unpromised = (*READS, *DESIGN, "environment")
    yield Peer("Codex's sandbox, as installed", "codex", "codex sandbox --", (*unpromised, "work"), note=READ_ONLY)
    writing = "codex sandbox -c sandbox_mode=workspace-write --"
    yield Peer("Codex's sandbox, workspace-write", "codex", writing, unpromised)
    # Programs of the system, the repository, and its own program, which it starts again inside.
    own = {":minimal": "read", "$HOME/.codex/tmp": "read", installed("codex"): "read"}
    listed = ",".join(f'\\"{path}\\"=\\"{access}\\"' for path, access in own.items())
    profile = f'"permissions.strict.filesystem={{{listed},\\":workspace_roots\\"={{\\".\\"=\\"write\\"}}}}"'
    words = f"{CLEAN} codex sandbox -c default_permissions=strict -c {profile} --"
    yield Peer("Codex's sandbox, strict", "codex", words, DESIGN, strict=True)


def installed(program: str) -> str:
    """The directory that holds a program and what it brings along: the outermost node_modules, or its own."""
    real = os.path.realpath(shutil.which(program) or f"/nonexistent/{program}")
    before, found, _ = real.partition("/node_modules/")
    return f"{before}/node_modules" if found else os.path.dirname(real)


READ_ONLY = "It lets nothing be written: how work goes on is shown by the next."
# Enough for Python, git and a shell; of this machine, so that nothing has to be fetched.
IMAGE = (
    "bin", "sbin", "lib", "lib64", "usr/bin", "usr/lib/python3", "usr/lib/python3.11", "usr/lib/git-core", "usr/lib64",
    f"usr/lib/{os.uname().machine}-linux-gnu", "etc/passwd", "etc/group", "etc/ld.so.cache", "etc/nsswitch.conf",
)  # fmt: skip


def main() -> None:
    """Attack all of them and print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="peers whose name holds this")
    parser.add_argument("--image", default="", help="an image of the local Podman with Python, git and a shell")
    parser.add_argument("--make-image", action="store_true", help="make one of this machine's own files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        repository = f"{directory}/a-repository"
        os.mkdir(repository)
        subprocess.run(["git", "init", "-q", repository], check=True)
        os.chmod(directory, 0o755)
        places = {
            "settings": directory,
            "home": os.path.expanduser("~"),
            "image": options.image,
            "runtime": os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"),
            "runsc": shutil.which("runsc") or "runsc",
        }
        if options.make_image and shutil.which("podman"):
            places["image"] = make_image()
        found: list[tuple[Peer, str, Proof]] = []
        missing = []
        for boundary in OWN:
            peer = Peer(f"Paddock, {boundary}", "", f"paddock prove --boundary {boundary}", strict=True)
            print(peer.name, file=sys.stderr)
            proof = prove(repository, "--boundary", boundary)
            found.append((peer, own_versions(proof), proof))
        for peer in peers(places):
            if options.only and not any(word in peer.name for word in options.only):
                continue
            if not shutil.which(peer.program):
                missing.append(f"{peer.name} ({peer.program} is not on PATH)")
                continue
            print(peer.name, file=sys.stderr)
            proof = prove(repository, "--against", located(peer))
            if proof["complete"]:
                found.append((peer, version_of(peer), proof))
            else:  # its words do not suit this machine, which says nothing of it
                missing.append(f"{peer.name} (the run was disturbed: {proof['trouble'][0]})")
    print(page(found, missing), end="")


def prove(repository: str, *words: str) -> Proof:
    """One proof, as data. Exit code 1 is a proof as well."""
    argv = [sys.executable, "-m", "paddock", "prove", "--json", *words]
    environ = {**os.environ, "XDG_CACHE_HOME": os.path.expanduser("~/paddock-comparison")}
    done = subprocess.run(argv, cwd=repository, env=environ, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode not in (0, 1):
        sys.exit(f"{shlex.join(argv)}: {done.stderr}")
    proof: Proof = json.loads(done.stdout)
    return proof


def located(peer: Peer) -> str:
    """Its words, with the program's own directory on PATH: the made-up person has only the system's."""
    directory = os.path.dirname(shutil.which(peer.program) or "")
    before, _, after = peer.words.partition(f"{peer.program} ")
    path = f'env PATH="{directory}:/usr/local/bin:/usr/bin:/bin" {peer.program} '
    return peer.words if directory in ("/usr/bin", "/bin", "") else f"{before}{path}{after}"


def version_of(peer: Peer) -> str:
    """The first line of what it says of itself that has a digit."""
    done = subprocess.run([peer.program, *peer.version], capture_output=True, text=True, check=False)
    return next((line.strip() for line in done.stdout.splitlines() if any(c.isdigit() for c in line)), "")


def own_versions(proof: Proof) -> str:
    """Of the programs that a boundary of Paddock's is made of."""
    return ", ".join(f"{name} {version}" for name, version in proof["subject"]["versions"].items() if name != "python")


def make_image() -> str:
    """An image of this machine's own files. Raises CalledProcessError."""
    present = [path for path in IMAGE if os.path.exists(f"/{path}")]
    tar = subprocess.Popen(["tar", "-C", "/", "--ignore-failed-read", "-cf", "-", *present], stdout=subprocess.PIPE)
    name = "paddock-probes:local"
    subprocess.run(["podman", "import", "-q", "-", name], stdin=tar.stdout, check=True, stdout=subprocess.DEVNULL)
    tar.wait()
    return name


INTRODUCTION = """
Made by `python benchmarks/comparison.py`, which anybody can repeat. The same probes attack each sandbox, and the bare
machine as their control. *Broken* are promises that a sandbox makes and did not keep; *by design* is what was reached
and its makers never promised to hold: a tool that writes the repository directly is not broken because it does. Nothing
here says that a sandbox is bad: they are made for different ends, and Paddock stands on two of them.
"""
IN_KIND = """
In no row of this run. What others are better at in kind: gVisor and virtual machines put a kernel of their own between
the sandbox and this one (PK-50), where Paddock's default boundary shares the host's kernel and filters what may be
asked of it. Paddock's gvisor boundary has one as well.
"""


def page(found: list[tuple[Peer, str, Proof]], missing: Iterable[str]) -> str:
    """The whole page, as Markdown."""
    own = found[0][2]
    subject = own["subject"]
    # A checkout that changes while this runs is not hidden: the rows of two versions are no longer the same.
    counts = [str(count) for count in sorted({len(proof["rows"]) for _, _, proof in found})]
    packs = list(dict.fromkeys(proof["subject"]["pack"] for _, _, proof in found))
    dated = (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, Linux {subject['kernel']} on {subject['machine']}, as "
        f"{subject['user']}; Paddock {subject['paddock']}, {' or '.join(counts)} probes of version "
        f"{' and '.join(packs)}."
    )
    head = f"| sandbox | {' | '.join(LAYERS)} | broken |"
    parts = [
        "# Paddock beside other sandboxes",
        paragraph(INTRODUCTION),
        paragraph(dated),
        "## Where Paddock loses",
        losses(found),
        "## By layer",
        "Held / broken / by design or open; what could not be shown is left out.",
        "\n".join([head, f"|---{'|---' * (len(LAYERS) + 1)}|", *(summary(peer, proof) for peer, _, proof in found)]),
        "## What broke",
        *(details(peer, version, proof) for peer, version, proof in found),
    ]
    left_out = "\n".join(f"- {what}" for what in missing)
    return "\n\n".join([*parts, *(["## Left out", left_out] if left_out else [])]) + "\n"


def paragraph(text: str) -> str:
    """The text in lines that fit the page."""
    return textwrap.fill(" ".join(text.split()), 120)


def kind(peer: Peer, row: Mapping[str, Any]) -> str:
    """held, broken, design, or nothing where nothing was shown."""
    if row["verdict"] in ("held", "works", "allowed"):
        return "held"
    if row["verdict"] in ("breached", "fails"):
        return "design" if row["promise"] in peer.unpromised else "broken"
    return "design" if row["verdict"] == "open" else ""


def summary(peer: Peer, proof: Proof) -> str:
    """A sandbox's line in the table."""
    cells = []
    for layer in LAYERS:
        kinds = [kind(peer, row) for row in proof["rows"] if row["layer"] == layer]
        counts = [kinds.count(word) for word in ("held", "broken", "design")]
        cells.append(" / ".join(map(str, counts)) if any(counts) else "-")
    broken = sum(kind(peer, row) == "broken" for row in proof["rows"])
    return f"| {peer.name} | {' | '.join(cells)} | {broken} |"


def losses(found: list[tuple[Peer, str, Proof]]) -> str:
    """What another sandbox holds and Paddock's default boundary does not."""
    ours = {row["id"]: kind(found[0][0], row) for row in found[0][2]["rows"]}
    better: dict[str, list[str]] = {}
    for peer, _, proof in found[len(OWN) :]:
        for row in proof["rows"]:
            if ours.get(row["id"]) in ("broken", "design") and row["verdict"] == "held":
                better.setdefault(row["id"], []).append(peer.name)
    if not better:
        return paragraph(IN_KIND)
    return "\n".join(f"- {name}: held by {', '.join(who)}" for name, who in better.items())


def shown(text: str) -> str:
    """Without the places of this machine and of this run."""
    for place in map(installed, ("srt", "codex")):
        text = text.replace(place, "/opt/node_modules") if place.endswith("/node_modules") else text
    return re.sub(rf"{tempfile.gettempdir()}/tmp\w+/", "", text).replace(os.path.expanduser("~"), "~")


def details(peer: Peer, version: str, proof: Proof) -> str:
    """A sandbox's section: how it was started, and what broke."""
    broken = [f"- {row['id']}: {row['title']}" for row in proof["rows"] if kind(peer, row) == "broken"]
    unproven = sum(row["verdict"] in ("unproven", "skipped") for row in proof["rows"])
    parts = [f"### {peer.name}", f"`{shown(peer.words)}`{f', {version}' if version else ''}"]
    parts += [shown(peer.note)] if peer.note else []
    parts.append("\n".join(broken) or "Nothing.")
    if unproven:
        parts.append(f"{unproven} of {len(proof['rows'])} could not be shown.")
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
