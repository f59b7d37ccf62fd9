"""What must go on: a sandbox that breaks work gets switched off. Each gives back what did not work."""

from __future__ import annotations

import hashlib

from paddock import process
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import NotApplicable, scenario
from paddock.probes.scenarios.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

# Row, the program that it is about, and a script that ends with 0 when it works.
_TOOLS = (
    (
        "OK-02 git-commit",
        "git",
        "{commit} -am work && git log -1 --format=%s | grep -qx work && ! git diff --quiet HEAD~",
    ),
    ("OK-02 git-branches", "git", "git checkout -qb side && git stash list && git checkout -q - && git merge -q side"),
    (
        "OK-02 python-venv",
        "python3",
        "python3 -m venv --without-pip {venv} && {venv}/bin/python -c 'import ssl, sqlite3, ctypes'",
    ),
    ("OK-02 compiler", "cc", "printf 'int main(void) {{return 0;}}' > m.c && cc -o m m.c && ./m"),
    ("OK-02 make", "make", "printf 'all:\\n\\techo made > made\\n' > m.mk && make -sf m.mk && grep -q made made"),
    ("OK-02 node", "node", 'node -e \'require("fs").writeFileSync("n", "1")\' && test -s n'),
    ("OK-02 temporary-files", "mktemp", 'file=$(mktemp) && echo x > "$file" && rm "$file"'),
    ("OK-02 home", "mkdir", "mkdir -p ~/.cache/tool && echo x > ~/.cache/tool/x && grep -qx x ~/.cache/tool/x"),
    ("OK-02 processes-and-pipes", "seq", "seq 1000 | sort -rn | head -n 1 | grep -qx 1000 && (sleep 0 & wait)"),
)
_COMMIT = "git -c user.name=A -c user.email=a@example.test -c commit.gpgsign=false commit -q"
_CODES = (42, 130)
_LARGE = 4 << 20
_MASKED = ("gone", "linked")
_LEAVE = 'rm -f "$0"; ln -sf hello.txt "$1"; exec cat'
_FIRST, _SHOW = "read -r first < hello.txt; read -r behind < linked", 'echo "$first"; echo "$behind"'
_NAMES = ("schön.txt", "日本語.txt", "a b\tc.txt", "-dash", "emoji-🌱.txt")


@scenario(*(row for row, _, _ in _TOOLS))
def tools(scene: Scene) -> Findings:
    """All tools of this machine in one session, one after the other, in a directory of its own."""
    mode = scene.plan.workspace.mode if scene.plan else ""
    # In mode live what installs programs into the repository is moved out of it, as its manual says.
    given = {"commit": _COMMIT, "venv": '"$HOME/v"' if mode == "live" else "v"}
    here = {row: script.format(**given) for row, tool, script in _TOOLS if process.find(tool)}
    place = _place(scene)
    lines = [f"(cd {place}/work && {script}) >/dev/null 2>&1; echo $?" for script in here.values()]
    # A change of a tracked file for the commit, and no configuration of this machine's.
    said = scene.play("\n".join([f"mkdir {place}/work; (echo more >> hello.txt) 2>/dev/null", *lines])).split()
    worked = dict(zip(here, said, strict=True))
    found: dict[str, Finding] = {row: Skipped(f"{tool} is not installed") for row, tool, _ in _TOOLS}
    found |= {row: [] if status == "0" else [f"ended with {status}"] for row, status in worked.items()}
    if mode == "readonly":
        found |= {row: NotApplicable("the policy has the repository read-only") for row in found if " git-" in row}
    return found


def _place(scene: Scene) -> str:
    """Where a script may write: in the repository, or where that is read-only, in the home."""
    return '"$HOME"' if scene.plan and scene.plan.workspace.mode == "readonly" else "."


@scenario("LC-04 exit-codes")
def codes(scene: Scene) -> Sequence[str]:
    """The command's own, or 128 and the signal's number; also what a shell makes of a command that is not there."""
    ways = {f"exit {code}": {code} for code in _CODES} | {"kill -TERM $$": {143, -15}}
    found = []
    for script, expected in ways.items():
        status = scene.run("/bin/sh", "-c", script).status
        found += [] if status in expected else [f"{script}: {status}"]
    missing = scene.run("/nonexistent/program").status if scene.paddock else 127
    return [*found, *([] if missing in (126, 127) else [f"no such program: {missing}"])]


@scenario("OK-03 terminal", "OK-03 window-size", "OK-03 interrupt")
def terminal(scene: Scene) -> Findings:
    """One program on a terminal: what it sees of it, a window that changes, and Ctrl-C."""
    script = "test -t 0 && test -t 1 && stty size; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    with Terminal(scene.under(("/bin/sh", "-c", script)), scene.ground.environ, scene.ground.repo) as shown:
        ready = shown.shows(b"ready")
        sized = b"30 100" in shown.seen
        shown.resize(40, 120)
        resized = shown.shows(b"40 120")
        shown.type(b"\x03")
        status = shown.finish()
    return {
        "OK-03 terminal": [] if ready and sized else ["it is none, or has no size"],
        "OK-03 window-size": [] if resized else ["a change does not arrive"],
        "OK-03 interrupt": [] if status in (130, -2) else [f"ended with {status}"],
    }


@scenario("OK-04 large-input-and-output", "OK-04 names", "OK-06 next-run")
def streams(scene: Scene) -> Findings:
    """Four megabytes through the command, unchanged; and in the next run names in every script that people write.

    What the second run has masked the first one has removed, or put a link to another file in its place.
    """
    gone, linked = (scene.ground.write(f"{scene.ground.repo}/{name}") for name in _MASKED)
    content = hashlib.sha256(scene.ground.mark.encode()).digest() * (_LARGE // 32)
    argv = scene.under(("/bin/sh", "-c", _LEAVE, gone, linked))
    done = process.run(argv, environment=scene.ground.environ, cwd=scene.ground.repo, stdin=content)
    reviewed = bool(scene.plan and scene.plan.workspace.mode == "review")
    flags = [word for name in _MASKED for word in ("--mask", name)] if reviewed else []
    listing = f"cd {_place(scene)};" + 'mkdir names && cd names && for name in "$@"; do : > "./$name"; done; ls -N'
    *listed, first, behind = scene.play(f"{_FIRST}\n{listing}\n{_SHOW}", *_NAMES, flags=flags).splitlines()
    missing = [name for name in _NAMES if name not in listed]
    kept = [] if first == behind == "hello" else [f"hello.txt is {first!r}, and through a link {behind!r}"]
    return {
        "OK-04 large-input-and-output": [] if done.stdout == content else [f"{len(done.stdout)} bytes came back"],
        "OK-04 names": [f"lost {name}" for name in missing],
        "OK-06 next-run": kept if reviewed or scene.bare else NotApplicable("about what a change set keeps"),
    }


@scenario("LC-17 odd-surroundings")
def odd(scene: Scene) -> Sequence[str]:
    """A umask that keeps everybody out, a locale without letters, a time zone that nobody has."""
    if scene.plan and scene.plan.workspace.mode == "readonly":
        raise NotApplicable("the policy has the repository read-only")
    way = ("/bin/sh", "-c", 'umask 077; LC_ALL=C LANG=C TZ=Nowhere/Never exec "$@"', "sh")
    name = _NAMES[1]
    script = 'echo more >> hello.txt && : > "$1" && test -e "$1" && date >/dev/null && echo worked'
    done = scene.host(*way, *scene.under(("/bin/sh", "-c", script, "sh", name)))
    found = (
        []
        if done.stdout == b"worked\n"
        else [f"ended with {done.status}: {done.stderr[-200:].decode(errors='replace')}"]
    )
    if scene.plan and scene.plan.workspace.mode == "review" and not found:
        held = {change["path"] for change in scene.ask("diff")["changes"]}
        found = [f"lost {path}" for path in ("hello.txt", name) if path not in held]
    return found
