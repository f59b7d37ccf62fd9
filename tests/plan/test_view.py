from __future__ import annotations

from paddock.plan.model import Link, Mount
from paddock.plan.view import View
from paddock.policy.model import Origin
from tests.plan.machine import HOME, REPOSITORY, Fake

ORIGIN = Origin("machine", "test")


def view(files: dict[str, str], **options: dict[str, str]) -> View:
    return View(Fake(files, **options), REPOSITORY)  # type: ignore[arg-type]


def test_a_directory_is_shown_at_its_own_place() -> None:
    seen = view({"/srv/tools/run": "x"})
    assert seen.reveal("/srv/tools//./", ORIGIN)
    assert seen.mounts() == (Mount("/srv/tools", "/srv/tools", "read", ORIGIN),)


def test_links_on_the_way_are_made_again_and_only_the_real_place_is_mounted() -> None:
    seen = view(
        {"/home/ann/t": "-> .x/../y", "/home/ann/y": "-> /data/z", "/home/ann/.x/": "", "/data/z/bin/tool": "x"}
    )
    assert seen.reveal("/home/ann/t/bin", ORIGIN)
    assert [(link.target, link.to) for link in seen.links()] == [("/home/ann/t", ".x/../y"), ("/home/ann/y", "/data/z")]
    assert [mount.target for mount in seen.mounts()] == ["/data/z/bin"]


def test_a_link_inside_a_mount_is_not_made_again() -> None:
    seen = view({"/srv/t/bin/a": "-> ../lib/a", "/srv/t/lib/a": "x"})
    assert seen.reveal("/srv/t/bin/a", ORIGIN)
    assert seen.links() == (Link("/srv/t/bin/a", "../lib/a", ORIGIN),)
    assert seen.reveal("/srv/t", ORIGIN)
    assert seen.links() == ()
    assert [mount.target for mount in seen.mounts()] == ["/srv/t"]


def test_a_mount_below_a_writable_one_is_kept() -> None:
    seen = view({"/srv/t/x/y": "x"})
    seen.mount(Mount("/state", "/srv/t", "write", ORIGIN))
    seen.mount(Mount("/srv/t/x", "/srv/t/x", "read", ORIGIN))
    assert [mount.target for mount in seen.mounts()] == ["/srv/t", "/srv/t/x"]


def test_credentials_are_refused_through_links_parents_and_links_of_the_place_itself() -> None:
    files = {
        f"{HOME}/.ssh": "-> dotfiles/ssh",
        f"{HOME}/dotfiles/ssh/id_rsa": "key",
        f"{HOME}/dotfiles/vimrc": "x",
        f"{HOME}/innocent": "-> .aws",
        f"{HOME}/.aws/credentials": "key",
        "/data/conf/gh/hosts.yml": "token",
    }
    seen = view(files, environ={"XDG_CONFIG_HOME": "/data/conf"})
    for path in (".ssh", "dotfiles", "dotfiles/ssh", "innocent", "innocent/credentials", "", ".local", ".config"):
        assert not seen.reveal(f"{HOME}/{path}", ORIGIN), path
    for path in ("/", "/home", "/data", "/data/conf", "/data/conf/gh", seen.host.state, "/etc", "/run"):
        assert not seen.reveal(path, ORIGIN), path
    assert seen.mounts() == ()
    assert seen.reveal(f"{HOME}/dotfiles/vimrc", ORIGIN)


def test_loops_sockets_and_missing_paths_are_not_shown() -> None:
    seen = view({"/srv/a": "-> b", "/srv/b": "-> a", "/srv/s": "socket", "/srv/f": "fifo"})
    for path in ("/srv/a", "/srv/a/x", "/srv/s", "/srv/f", "/srv/none"):
        assert not seen.reveal(path, ORIGIN, quiet=False)
    assert len(seen.notes) == 5


def test_a_refusal_is_said_unless_quiet() -> None:
    seen = view({f"{HOME}/.ssh/id": "key"})
    seen.reveal(f"{HOME}/.ssh", ORIGIN)
    assert seen.notes == []
    seen.reveal(f"{HOME}/.ssh", ORIGIN, quiet=False)
    assert "SSH keys" in seen.notes[0]
