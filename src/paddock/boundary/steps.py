"""What is done from outside to a sandbox whose namespaces exist, before its command starts.

The same for every boundary that Paddock can enter: whoever made the namespaces has put all that is needed on the
stage, a directory that is taken away at the end.
"""

from __future__ import annotations

from paddock.frozen import frozen

# Where the layers of the overlays and the mask's empty file are while the workspace is put together. Gone
# before the command starts.
STAGE = "/run/paddock-stage"
# Inside, root is an ordinary user all the same; outside, an id that systemd's table of users
# (UIDS-GIDS, "HIC SVNT LEONES") and the distributions leave free.
STAND_IN = 0x70000000
# Beyond all ids of a container, which has 65,536 around the stand-in's.
GATEWAY_STAND_IN = STAND_IN + 0x20000
EMPTY_FILE, EMPTY_DIRECTORY = "empty", "none"


@frozen
class Carry:
    """Bring a host directory or file in by descriptor, its owner's id mapped (Paddock as root)."""

    source: str
    target: str
    read_only: bool


def is_system(path: str) -> bool:
    """Whether everyone can read it on every machine, so that bubblewrap or an engine can mount it for any id."""
    return path.split("/", 2)[1] in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "nix")


@frozen
class Reveal:
    """Show one entry of the staged /etc at its place. Bubblewrap would need ten times as long for each."""

    target: str


@frozen
class Overlay:
    """Host directories that show as one at `target`: what is written goes to `upper`, the others are only read.

    `lowers` are sorted from the top: what hides the repository first, the repository last. `upper` and `work` are
    in one directory, because overlayfs wants them on one mount, and bear plain names.
    """

    target: str
    lowers: tuple[str, ...]
    upper: str
    work: str


@frozen
class MountOverlay:
    """Mount an overlay from its layers' places on the stage."""

    target: str
    lowers: tuple[str, ...]
    upper: str
    work: str


@frozen
class Hold:
    """Mount a path of the workspace on itself: renaming and removing it are EBUSY then.

    What does not exist cannot be held without creating it.
    """

    workspace: str
    path: str
    read_only: bool


@frozen
class MaskPath:
    """Cover a path with an empty file or directory, or with the staged file of that name.

    It lies beneath a directory of ours: links in that are whoever's inside, links on the way to it an image's.
    """

    beneath: str
    target: str
    directory: bool
    staged: str = ""


@frozen
class Blank:
    """Cover a file of the kernel's with the null device."""

    target: str


@frozen
class TrustHere:
    """Show the file of whom to trust in the place of the system's own, where there is one."""

    source: str
    target: str


@frozen
class Unstage:
    """Take the staged layers out of sight."""


@frozen
class Own:
    """Give a directory that an engine made, as its root, to the person inside. `uid` is as the mounter sees it."""

    target: str
    uid: int
    mode: int


@frozen
class Execute:
    """Let programs be started from a private directory: Docker mounts each so that none can."""

    target: str


@frozen
class Fill:
    """Copy what the image has at a place into the private directory that covers it, as `uid`'s (`boundary.filling`)."""

    target: str
    uid: int


@frozen
class Seal:
    """Take set-user-ID away from a mount, and devices, and writing where it is `read_only`; `deep`: from all below it.

    An engine's bind mounts are read-only at their top alone, and mounts below it come along.
    """

    target: str
    read_only: bool
    deep: bool = True
    devices: bool = False  # they stay


@frozen
class MakeLink:
    """Make a symbolic link in what an engine has mounted, and the directories on the way to it, as `uid`'s.

    Not where something of that name is already, in a home that stays.
    """

    target: str
    to: str
    uid: int


@frozen
class Mirror:
    """Show a directory at a second place, with all that is mounted in it."""

    source: str
    target: str


@frozen
class Remove:
    """Take away what the engine mounts without being asked, and with `place` the directory that it was mounted on."""

    target: str
    place: bool = False


Step = (
    Carry
    | Reveal
    | MountOverlay
    | Hold
    | MaskPath
    | Blank
    | TrustHere
    | Own
    | Execute
    | Fill
    | Seal
    | MakeLink
    | Mirror
    | Remove
    | Unstage
)
