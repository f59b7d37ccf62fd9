"""The minimal root: the system's programs and libraries, a small /etc, private writable directories."""

from __future__ import annotations

from paddock.plan import etc
from paddock.plan.model import Link, Mount, Private
from paddock.plan.paths import within
from paddock.policy.model import BUILT_IN, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.view import View

SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
MACHINE = Origin("machine")

# Private directories live in memory and count against the limit on it, where something holds that in
# total; their sizes are shares of it, 21/32 together, so that they bind also where nothing does.
DEFAULT_MEMORY_BYTES = 4 << 30
PRIVATE: tuple[tuple[str, int], ...] = (
    ("/dev/shm", 16),  # noqa: S108 - inside the sandbox
    ("/run", 64),
    ("/tmp", 4),  # noqa: S108 - inside the sandbox
    ("/var/tmp", 16),  # noqa: S108 - inside the sandbox
)
HOME_SHARE = 4
_PAGE_BYTES = 4096


def build(view: View) -> None:
    """Show the system's directories as they are on the host, and the shown part of /etc."""
    view.mount(Mount("/usr", "/usr", "read", BUILT_IN))
    for path in SYSTEM:
        entry = view.host.look(path)
        if entry.kind == "link":
            # Judged here and not by `reveal`: a link of the root itself to anything but a system directory
            # would be the administrator's, and is made again without showing where it leads.
            view.link(Link(path, entry.target))
        elif entry.kind == "dir":
            view.mount(Mount(path, path, "read", BUILT_IN))
    for path in etc.shown(view.host):
        view.reveal(path, MACHINE)
    view.link(Link("/etc/mtab", "/proc/self/mounts"))


def private(home: str, memory_bytes: float) -> tuple[Private, ...]:
    """The private directories, sized by the limit on memory (bytes; 0 for none)."""
    total = int(memory_bytes) or DEFAULT_MEMORY_BYTES
    shares = (*PRIVATE, (home, HOME_SHARE))
    return tuple(Private(path, max(total // share // _PAGE_BYTES, 1) * _PAGE_BYTES) for path, share in sorted(shares))


def usable_home(home: str) -> bool:
    """Whether a private directory can be mounted at this HOME."""
    system = ("/usr", "/etc", "/proc", "/sys", "/dev", *SYSTEM)
    taken = ("/", "/tmp", "/var/tmp", "/run")  # noqa: S108 - names of places, nothing is created
    # passwd(5) has neither colons nor line ends in a home.
    return (
        home.startswith("/")
        and not set(home) & set(":\n")
        and home not in taken
        and not any(within(home, path) for path in system)
    )
