"""Why a path, a variable or a host is visible inside, or is not, and which line decided.

INVARIANT: an explanation never advises a leak. For credential locations, secrets and this machine's own
addresses it says why not, and stops there (process-isolation: a diagnosis that ends in "grant it" is how
peers lost `~/.ssh`).
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.plan.describe import MODES, place_of
from paddock.plan.paths import expand, normal, parent, within
from paddock.plan.view import View
from paddock.policy import credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from paddock.plan.host import Host
    from paddock.plan.model import Credential, Plan

    Subject = Literal["path", "variable", "host"]

_ACCESS = {
    "read": "read-only",
    "write": "writable: a directory of Paddock's, not the host's own",
    "copy": "copy-on-write",
}
_MADE_INSIDE = ("/proc", "/dev/pts", "/dev/fd")
# The few devices of the inside; what else lies in the host's /dev is not there.
_DEVICES = frozenset(
    ("/dev", *(f"/dev/{name}" for name in "null zero full random urandom tty ptmx stdin stdout stderr".split()))  # noqa: SIM905
)


@frozen
class Explanation:
    """The answer. `decided_by` is a line of a file, a flag, or one of the built-in lists."""

    kind: Subject
    subject: str
    allowed: bool
    how: str  # read-only, copy-on-write, writable, masked, private, not visible, passed, set, reachable, …
    decided_by: str
    why: str = ""
    next_step: str = ""


_NOT: Mapping[Subject, str] = {"path": "not visible", "variable": "not passed", "host": "not reachable"}


def _shown(kind: Subject, subject: str, how: str, by: str, why: str = "") -> Explanation:
    return Explanation(kind, subject, allowed=True, how=how, decided_by=by, why=why)


def _hidden(kind: Subject, subject: str, by: str, why: str, next_step: str = "") -> Explanation:
    return Explanation(kind, subject, allowed=False, how=_NOT[kind], decided_by=by, why=why, next_step=next_step)


def guess(subject: str, *, exists: bool) -> Subject:
    """What a person means: a path, a variable or a host. `exists`: a file of that name is here."""
    if exists or subject.startswith(("/", "~", ".")) or (subject.count("/") > 0):
        return "path"
    bare = subject.partition(":")[0]
    if "." in subject or ":" in subject or bare == "localhost":
        return "host"
    is_name = subject.replace("_", "a").isalnum() and subject.isascii() and not subject[:1].isdigit()
    return "variable" if is_name and subject == subject.upper() else "path"


def path(plan: Plan, host: Host, subject: str, cwd: str) -> Explanation:
    """About a path, wherever its links lead."""
    lexical = expand(subject, host.home)
    lexical = normal(lexical if lexical.startswith("/") else f"{cwd}/{lexical}")
    entry = host.look(lexical)
    view = View(host, plan.workspace.source)
    real = entry.real
    if within(lexical, plan.workspace.source) or not _is_link_of_root(plan, lexical):
        shown = _place(plan, real)
    else:
        shown = _place(plan, lexical) or _place(plan, real)
    leads = f"it leads to {real}" if real != lexical else ""
    if shown is not None:
        how, decided = shown
        allowed = how not in ("masked", "private")
        missing = "" if host.look(real).kind != "missing" else "there is nothing there now"
        return Explanation(
            "path",
            lexical,
            allowed,
            how,
            decided,
            "; ".join(each for each in (leads, missing, _HOW.get(how, "")) if each),
        )
    reason = _OWN.get(real) or next((_OWN[own] for own in _OWN if own != "/" and within(real, own)), "")
    if reason:
        return _hidden("path", lexical, "built-in", reason)
    reason = view.refusal(lexical, real) or ""
    if reason:
        return _hidden("path", lexical, "the credential list", reason)
    if any(within(mount.target, real) for mount in plan.mounts) or within(plan.workspace.source, real):
        why = "only the way to what is shown below it"
        return _hidden("path", lexical, "built-in", why)
    why = "; ".join(each for each in (leads, "the root inside holds only what the plan lists") if each)
    kind = host.look(real).kind
    next_step = f"paddock run --read {lexical} …   or workspace.read in a policy" if kind in ("file", "dir") else ""
    return _hidden("path", lexical, "built-in", why, next_step)


# What the host has there is not shown, and no policy can show it.
_OWN = {
    "/": "the root inside is the sandbox's own and holds only what paddock plan lists",
    "/dev/shm": "the inside has a /dev/shm of its own, empty at the start and gone at the end",  # noqa: S108 - compared
}
_HOW = {
    "masked": "it is seen as empty",
    "private": "what the host has there is not shown; the inside has its own, empty at the start and gone at the end",
    "a canary": "a credential that opens nothing; where it is sent out, the session ends",
    "written for the sandbox": "its content is in paddock plan --json",
    "made inside": "the sandbox has its own",
    **MODES,
}


def command(plan: Plan, host: Host, word: str, cwd: str) -> Explanation | None:
    """About a program by its bare name, in a plan for it: where it is, and whether that is visible inside.

    None where the caller's PATH does not lead to one.
    """
    outside = _on_path(host, word, host.environ.get("PATH", ""))
    if not outside:
        return None
    inner = next((variable.value for variable in plan.environment if variable.name == "PATH"), "")
    seen = (path(plan, host, place, cwd) for place in _all_on_path(host, word, inner))
    found = next((each for each in seen if each.allowed), None)
    if found is None:
        found = path(plan, host, outside, cwd)
        if found.allowed:
            why = f"{found.subject} is visible, but its directory is not on the PATH inside"
            found = _hidden("path", outside, found.decided_by, why, f"paddock run -- {found.subject} …")
        elif found.next_step:
            next_step = f"paddock run --read {parent(outside)} -- {word} …   or workspace.read in a policy"
            found = _hidden("path", outside, found.decided_by, found.why, next_step)
    hidden = [note for note in plan.notes if found.allowed and "is not shown inside: add" in note]
    told = "; ".join((f"{word} is {found.subject} on this machine", *filter(None, (found.why, *hidden))))
    return Explanation("path", word, found.allowed, found.how, found.decided_by, told, found.next_step)


def is_command(host: Host, word: str) -> bool:
    """Whether a word is the bare name of a program on the caller's PATH."""
    return bool(_on_path(host, word, host.environ.get("PATH", "")))


def _on_path(host: Host, word: str, directories: str) -> str:
    return next(iter(_all_on_path(host, word, directories)), "")


def _all_on_path(host: Host, word: str, directories: str) -> list[str]:
    """Where execvp(3) may find a program, in order. A relative entry of PATH is no place that is meant."""
    if "/" in word or word in ("", ".", ".."):
        return []
    places = [normal(f"{each}/{word}") for each in directories.split(":") if each.startswith("/")]
    found = ((place, host.look(host.look(place).real)) for place in dict.fromkeys(places))
    return [place for place, entry in found if entry.kind == "file" and entry.mode & 0o111]


def _is_link_of_root(plan: Plan, lexical: str) -> bool:
    return any(within(lexical, link.target) for link in plan.links)


def _place(plan: Plan, real: str) -> tuple[str, str] | None:
    """How a real path is seen, and who decided; None when it is not. The deepest entry counts."""
    found: list[tuple[str, str, str]] = []
    found += [(link.target, "a link", str(link.origin)) for link in plan.links if real == link.target]
    found += [(file.target, "written for the sandbox", str(file.origin)) for file in plan.files if real == file.target]
    found += [(entry.target, "private", str(entry.origin)) for entry in plan.private if real == entry.target]
    found += [(entry, "made inside", "built-in") for entry in _MADE_INSIDE if within(real, entry)]
    found += [(real, "made inside", "built-in")] if real in _DEVICES else []
    for mount in plan.mounts:
        if within(real, mount.target):
            found.append((mount.target, _ACCESS[mount.access], str(mount.origin)))
    if within(real, plan.workspace.source):
        found.append((plan.workspace.source, _workspace_word(plan), str(plan.workspace.origin)))
    if plan.network.mode != "off":
        found += [(each.target, "a canary", str(each.origin)) for each in plan.canaries if real == each.target]
    found += [(mask.target, "masked", str(mask.origin)) for mask in plan.workspace.masks if within(real, mask.target)]
    if not found:
        return None
    _, how, decided = max(found, key=lambda entry: len(entry[0]))
    return how, decided


def _workspace_word(plan: Plan) -> str:
    return {"review": "copy-on-write", "scratch": "copy-on-write", "live": "writable", "readonly": "read-only"}[
        plan.workspace.mode
    ]


def _of_credential(plan: Plan, credential: Credential, subject: str) -> Explanation:
    """A placeholder is visible; the secret never is."""
    places = ", ".join(map(place_of, credential.bound))
    why = f"the secret comes from {credential.source} and goes to {places} only; nothing inside can read it"
    if plan.network.mode == "off":
        return _hidden("variable", subject, str(credential.origin), f"{why}; without a network it is not needed")
    return _shown("variable", subject, "a placeholder", str(credential.origin), why)


def variable(plan: Plan, host: Host, subject: str) -> Explanation:
    """About an environment variable. Values are not repeated: one may be a secret."""
    for each in plan.environment:
        if each.name == subject:
            how = "passed from your environment" if each.passed else "set"
            return _shown("variable", subject, how, str(each.origin))
    holder = next((each for each in plan.credentials if subject in each.variables), None)
    if holder:
        return _of_credential(plan, holder, subject)
    if credentials.is_secret_name(subject):
        why = "its name says that it is a secret, or leads to one; such variables enter only when a person names them"
        return _hidden("variable", subject, "the list of secret names", why)
    why = "variables enter by a list of names, and this is none of them"
    if subject not in host.environ:
        return _hidden("variable", subject, "built-in", f"{why}; it is not set here either")
    return _hidden("variable", subject, "built-in", why, f"paddock run --env {subject} …")
