"""Attacks on files outside the repository: read them, list them, write them, and reach them in a roundabout way."""

from __future__ import annotations

import os

from paddock.probes.inside.effects import Given, Skipped, opens, place, row

PLACES = ("/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/proc/2/root", "/proc/2/cwd", "/proc/thread-self/root")


@row("FS-03 sibling-project-read")
def sibling(given: Given) -> list[str]:
    """Another project of the same person, by an absolute and by a relative path."""
    above = os.path.dirname(given.repo)
    return given.tries(f"{above}/other/.env", f"{above}/other/notes", f"{given.repo}/../other/notes", "../other/notes")


@row("FS-04 prefix-sibling")
def prefix_sibling(given: Given) -> list[str]:
    return given.reads(f"{given.repo}-evil/secret")


@row("FS-05 parent-listing")
def parent_listing(given: Given) -> list[str]:
    allowed = {os.path.basename(given.repo)}
    above = sorted(set(os.listdir(os.path.dirname(given.repo))) - allowed)
    home = [name for name in os.listdir(given.home) if name in given["names at home"]]
    return [f"saw {name}" for name in (*above, *home)]


@row("FS-43 engine-settings")
def engine_settings(given: Given) -> list[str]:
    """What the person's own settings give to each container."""
    return given.tries(*given["engine gives"])


@row("FS-07 symlink-write-out")
def symlink_write_out(given: Given) -> list[str]:
    """The host looks whether anything arrived."""
    link = place("way-out")
    os.symlink(given["outside"], link)
    with open(f"{link}/arrived", "w") as file:
        file.write("!")
    return []


@row("FS-10 symlink-committed")
def symlink_committed(given: Given) -> list[str]:
    home = given.home.lstrip("/")
    return given.tries("link-to-home/.ssh/id_canary", f"link-to-root/{home}/.ssh/id_canary", "link-to-secret")


@row("FS-12 proc-self-root")
def proc_self_root(given: Given) -> list[str]:
    secret = f"{given.home}/.ssh/id_canary"
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    return given.tries(*(f"{place}{secret}" for place in (*PLACES, *(f"/proc/{pid}/root" for pid in numbers))))


@row("FS-16 etc-write")
def etc_write(given: Given) -> list[str]:
    """The host looks at the real one, and takes the file away."""
    os.close(os.open(given["etc"], os.O_CREAT | os.O_WRONLY))
    return []


@row("FS-17 usr-write")
def usr_write(given: Given) -> list[str]:
    """The host looks at the real one, and takes the file away."""
    os.close(os.open(given["usr"], os.O_CREAT | os.O_WRONLY))
    return []


@row("FS-19 home-write-is-private")
def home_write(given: Given) -> list[str]:
    """The host looks at the real home."""
    with open(f"{given.home}/arrived-at-home", "w") as file:
        file.write("!")
    with open(f"{given.home}/.bashrc", "a") as file:
        file.write("echo hello\n")
    return []


@row("FS-28 hardlink-in")
def hardlink_in(given: Given) -> list[str]:
    taken = place("taken")
    os.link(f"{given.home}/.ssh/id_canary", taken)
    return given.reads(taken)


@row("FS-29 hardlink-preexisting")
def hardlink_preexisting(given: Given) -> list[str]:
    """The host looks at the other name."""
    with open("shared-name", "a") as file:
        file.write("changed inside")
    os.chmod("shared-name", 0o777)
    return []


@row("FS-30 host-tmp")
def host_tmp(given: Given) -> list[str]:
    return given.reads(given["tmp"])


@row("FS-30 host-var-tmp")
def host_var_tmp(given: Given) -> list[str]:
    return given.reads(given["var tmp"])


@row("FS-30 host-run")
def host_run(given: Given) -> list[str]:
    if "run" not in given.data:
        raise Skipped("the person may leave nothing in /run on this machine")
    return given.reads(given["run"])


@row("FS-31 dev-shm")
def dev_shm(given: Given) -> list[str]:
    return given.reads(given["shm"])


@row("PE-20 own-state")
def own_state(given: Given) -> list[str]:
    """Paddock's own files: state, policy, runtime directory, change sets."""
    return given.tries(*given["own files"]) + opens(*given["own files"], flags=os.O_WRONLY)


@row("FS-16 own-programs")
def own_programs(given: Given) -> list[str]:
    """What the sandbox itself brings along is no less than what starts, or filters, every later command."""
    found = []
    with os.scandir("/run") as entries:
        ours = [entry for entry in entries if entry.name.startswith("paddock-") and entry.is_file()]
    for entry in ours:
        mode = entry.stat().st_mode & 0o7777
        try:
            os.chmod(entry.path, mode | 0o200)
            os.close(os.open(entry.path, os.O_WRONLY))
            os.chmod(entry.path, mode)
        except OSError:
            continue
        found.append(f"could write {entry.path}")
    return found
