"""PATH and the command: which directories of programs are visible inside, and what their programs need.

Who names a path matters. PATH, variables and the command line are the person's: a directory that no row of
the table knows is shown by rule. What a file *in the repository* names (a shebang, `pyvenv.cfg`, a link) is
shown only where the table knows it; else an agent could have any directory mounted by writing its name.
"""

from __future__ import annotations

from paddock.plan import toolchains
from paddock.plan.paths import name, normal, parent, within
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.plan.toolchains import Toolchain
    from paddock.plan.view import View

DEFAULT = ("/usr/local/bin", "/usr/bin", "/bin")
_SYSTEM = (*DEFAULT, "/sbin", "/usr/sbin", "/usr/local/sbin", "/usr/games", "/usr/local/games")
_DIRECTORIES_AT_MOST = 256
_CHAIN_AT_MOST = 16
_HEAD_BYTES = 512
_PROGRAM_DIRECTORIES = ("bin", "sbin", "condabin", "Scripts")
_BESIDE_BIN = ("lib", "lib32", "lib64", "libexec")
_BESIDE_BIN_OUTSIDE_HOME = (*_BESIDE_BIN, "include", "share", "conf")
# A directory with one of these is a whole of its own: a virtual environment, a conda environment, a JDK.
_WHOLE = ("pyvenv.cfg", "conda-meta", "lib/jvm.cfg")
# A link below these names this login or this shell (fnm makes some): PATH inside gets where it leads.
_TRANSIENT = ("/run", "/tmp", "/var/run")  # noqa: S108 - names of places
_VIRTUAL_ENVIRONMENTS = (".venv", "venv", "env")


class Programs:
    """Shows toolchains in a view, as PATH and the command need them."""

    def __init__(self, view: View, environ: Mapping[str, str], *, caches: bool) -> None:
        self.view = view
        self.environ = environ
        self.caches = caches
        self.applied: dict[str, Toolchain] = {}
        self._known = toolchains.roots(view.host.home, environ)
        self._seen: set[tuple[str, bool]] = set()

    def search_path(self) -> tuple[str, ...]:
        """PATH as it is inside: the directories that are visible, in their order, then the system's."""
        given = self.environ.get("PATH", "").split(":")
        if len(given) > _DIRECTORIES_AT_MOST:
            self.view.notes.append(f"PATH: only its first {_DIRECTORIES_AT_MOST} directories are used")
        kept: dict[str, None] = {}
        for entry in given[:_DIRECTORIES_AT_MOST]:
            # An empty or relative entry means the current directory: whatever the repository says.
            if entry.startswith("/") and (inside := self._directory(normal(entry))):
                kept[inside] = None
        self._apply(toolchains.rows_named(toolchains.ALWAYS, self._known), "cache")
        return (*kept, *(path for path in DEFAULT if path not in kept))

    def _directory(self, path: str) -> str:
        """Show a directory of PATH. Returns it as PATH inside should name it, or nothing."""
        view = self.view
        if within(path, view.repository):
            self.virtual_environment(parent(path), Origin("machine", "PATH"), trusted=False)
            return path
        if path in _SYSTEM and view.host.look(path).kind in ("dir", "link"):
            return path
        final = view.final(path)
        if final.kind != "dir" or _foreign(path):
            return ""
        if any(within(path, place) for place in _TRANSIENT):
            path = final.real
        self.show(path, Origin("machine", "PATH"), trusted=True)
        return path if view.shows(final.real) else ""

    def show(self, path: str, origin: Origin, *, trusted: bool) -> bool:
        """Show the toolchain that a directory of programs, or one program, belongs to."""
        view = self.view
        final = view.final(path)
        trusted = trusted and not within(path, view.repository)
        if (path, trusted) in self._seen or final.kind not in ("file", "dir"):
            return view.shows(final.real)
        self._seen.add((path, trusted))
        for candidate in dict.fromkeys((path, final.real)):
            self._apply(toolchains.rows_for(candidate, self._known), origin.where)
        if trusted and not view.shows(final.real):
            rule = self._directory_rule if final.kind == "dir" else self._program_rule
            for part in rule(final.real):
                view.reveal(part, origin)
        if trusted or view.shows(final.real):
            view.reveal(path, origin, quiet=False)  # also makes the links on the way
        directory = path if final.kind == "dir" else parent(path)
        self.virtual_environment(parent(directory), origin, trusted=trusted)
        return view.shows(final.real)

    def _apply(self, rows: list[tuple[Toolchain, str]], where: str) -> None:
        home = self.view.host.home
        for row, root in rows:
            shown = toolchains.shown(row, root, home, caches=self.caches)
            for part in shown:
                if self.view.reveal(part, Origin("machine", f"{where}: {row.name}")):
                    self.applied[row.name] = row

    def _directory_rule(self, directory: str) -> list[str]:
        """What belongs to a directory of programs that the table does not know."""
        view, above = self.view, parent(directory)
        home = view.host.home
        if name(directory) not in _PROGRAM_DIRECTORIES or within(home, above) or above.count("/") < 2:  # noqa: PLR2004 - /opt/x
            return [directory]
        if above.startswith("/opt/") or any(view.host.look(f"{above}/{mark}").kind != "missing" for mark in _WHOLE):
            return [above]
        beside = _BESIDE_BIN if within(above, home) else _BESIDE_BIN_OUTSIDE_HOME
        return [directory, *(f"{above}/{part}" for part in beside)]

    def _program_rule(self, program: str) -> list[str]:
        """What belongs to one program that the table does not know."""
        before, modules, _ = program.partition("/node_modules/")
        if modules:
            return [f"{before}/node_modules"]
        if program.startswith("/opt/") and program.count("/") > 2:  # noqa: PLR2004 - /opt/x/program
            return ["/".join(program.split("/")[:3])]
        if name(parent(program)) in _PROGRAM_DIRECTORIES:
            return self._directory_rule(parent(program))
        return [program]

    def virtual_environment(self, directory: str, origin: Origin, *, trusted: bool) -> None:
        """Show the interpreter of a virtual environment, if the directory is one (PEP 405)."""
        view = self.view
        for line in view.host.read_text(f"{directory}/pyvenv.cfg").split("\n"):
            key, _, value = line.partition("=")
            if key.strip() == "home" and value.strip().startswith("/"):
                where = Origin("machine", f"{origin.where}: {name(directory)}/pyvenv.cfg")
                trusted = trusted and not within(view.host.look(directory).real, view.repository)
                self.show(normal(value.strip()), where, trusted=trusted)
                self.show(f"{directory}/bin/python", where, trusted=trusted)

    def command(self, command: str, cwd: str, path: Sequence[str]) -> str:
        """Show what the command's program needs. Returns its path as the host knows it, or nothing."""
        view = self.view
        for environment in _VIRTUAL_ENVIRONMENTS:
            self.virtual_environment(f"{view.repository}/{environment}", Origin("machine", "workspace"), trusted=False)
        found = self._locate(command, cwd, path)
        if not found and "/" not in command and (outside := self._locate(command, cwd, self._path_outside())):
            view.notes.append(f"{command} is {outside} on this machine, which is not shown inside")
        program, trusted = found, True
        for _ in range(_CHAIN_AT_MOST):
            if not program:
                break
            trusted = trusted and not within(program, view.repository)
            if not self.show(program, Origin("machine", "command"), trusted=trusted):
                view.notes.append(f"{program} is not shown inside: add its directory to read")
                break
            real = view.final(program).real
            trusted = trusted and not within(real, view.repository)
            program, by_path = _interpreter(view.host.read_text(real, _HEAD_BYTES))
            if by_path:
                program, trusted = self._locate(program, cwd, path), True
        return found

    def _path_outside(self) -> list[str]:
        return [path for path in self.environ.get("PATH", "").split(":") if path.startswith("/")]

    def _locate(self, program: str, cwd: str, path: Sequence[str]) -> str:
        """Where execvp(3) finds a program."""
        if "/" in program:
            candidates = [normal(program if program.startswith("/") else f"{cwd}/{program}")]
        else:
            candidates = [f"{directory}/{program}" for directory in path] if program else []
        for candidate in candidates:
            final = self.view.final(candidate)
            if final.kind == "file" and final.mode & 0o111:
                return candidate
        return ""


def _interpreter(head: str) -> tuple[str, bool]:
    """The program of a `#!` line, and whether it is looked up on PATH, as with `#!/usr/bin/env python3`."""
    if not head.startswith("#!"):
        return "", False
    words = head[2:].partition("\n")[0].split()
    if not words or not words[0].startswith("/"):
        return "", False
    if name(words[0]) != "env":
        return normal(words[0]), False
    program = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
    return program, True


def _foreign(path: str) -> bool:
    """Programs that cannot work inside: Windows' under WSL (/mnt/c), snaps (snapd starts them)."""
    parts = path.split("/")
    windows = parts[1] == "mnt" and len(parts) > 2 and len(parts[2]) == 1  # noqa: PLR2004
    return windows or parts[1] == "snap"
