from __future__ import annotations

import pytest

from paddock.errors import PolicyError, Refused
from tests.plan.machine import HOME, REPOSITORY, Fake, plan, policy

R = REPOSITORY


def masks(files: dict[str, str], *patterns: str) -> dict[str, bool]:
    found = plan({f"{R}/{name}": text for name, text in files.items()}, rules=policy(mask=list(patterns)))
    return {mask.target.removeprefix(R + "/"): mask.directory for mask in found.workspace.masks}


@pytest.mark.parametrize(
    "path",
    ["/", "/home", HOME, "/usr", "/usr/src/x", "/etc", "/etc/x", "/proc", "/proc/1", "/sys/x", "/dev/shm", "/boot", "/tmp",
     "/var", "/opt", "/nix/store/x", f"{HOME}/.ssh", f"{HOME}/.config", f"{HOME}/.local", f"{HOME}/.aws/x",
     f"{HOME}/.local/state/paddock", f"{HOME}/.local/state/paddock/x", f"{HOME}/.claude", "/run/user/1001/x", "/root/x"],
)  # fmt: skip
def test_what_can_be_no_workspace_is_refused_with_a_next_step(path: str) -> None:
    with pytest.raises(Refused) as caught:
        plan({f"{path.rstrip('/')}/": ""} if path != "/" else {}, repository=path)
    assert path in caught.value.what
    assert caught.value.why
    assert caught.value.next_step
    assert caught.value.exit_code == 126


@pytest.mark.parametrize(
    "path", ["/tmp/x", "/srv/x", "/workspace", f"{HOME}/x", "/home/shared/x", "/opt/x", "/var/www", "/usr2"]
)
def test_what_can(path: str) -> None:
    assert plan({f"{path}/": ""}, repository=path).workspace.source == path


def test_a_home_behind_a_link_is_refused_at_both_names() -> None:
    host = Fake({"/var/home/ann/code/": ""}, home="/home/ann")
    host.tree["home"] = "-> var/home"
    for path in ("/var/home/ann", "/var/home", "/home/ann"):
        with pytest.raises(Refused):
            plan(host=host, repository=path)


def test_a_file_or_nothing_is_no_workspace() -> None:
    for path in (f"{HOME}/file", f"{HOME}/none"):
        with pytest.raises(Refused, match="not a directory"):
            plan({f"{HOME}/file": ""}, repository=path)


def test_an_unreadable_one_is_refused() -> None:
    host = Fake({})
    host.readable = lambda path: False  # type: ignore[method-assign]
    with pytest.raises(Refused, match="cannot be read"):
        plan(host=host)


def test_a_mode_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(PolicyError, match="no such workspace mode"):
        plan(rules=policy(workspace_mode="careful"))


def test_the_default_masks_find_secrets_at_the_top() -> None:
    files = {
        ".env": "",
        ".env.local": "",
        "k.pem": "",
        "env": "",
        "sub/.env": "",
        "odd\n\udcff[x].pem": "",
        "b\\s.pem": "",
    }
    assert set(masks(files, ".env", ".env.*", "*.pem")) == {
        ".env",
        ".env.local",
        "k.pem",
        "odd\n\udcff[x].pem",
        "b\\s.pem",
    }


def test_patterns_with_slashes_are_followed_level_by_level() -> None:
    files = {"a/x/.env": "", "b/x/.env": "", "a/.env": "", "config/": "", "a/y/z/.env": ""}
    assert set(masks(files, "*/x/.env", "./config//")) == {"a/x/.env", "b/x/.env", "config"}


def test_a_directory_is_masked_as_one_and_what_lies_in_it_needs_no_mask() -> None:
    assert masks({"secrets/key": ""}, "secrets", "secrets/key") == {"secrets": True}


def test_a_link_is_followed_inside_the_repository_only() -> None:
    files = {
        ".env": "-> conf/real",
        "conf/real": "",
        "b.pem": "-> /home/ann/.ssh/id",
        "c.pem": "-> c.pem",
        "d": "-> conf",
    }
    assert set(masks(files, ".env", "*.pem", "d/real")) == {"conf/real"}


def test_a_link_to_the_repository_cannot_hide_all_of_it() -> None:
    with pytest.raises(Refused, match="hides the whole repository"):
        masks({"sub/.env": "-> .."}, "sub/.env")


def test_too_many_masks_and_too_wide_patterns_are_refused() -> None:
    with pytest.raises(Refused, match="more than 1000"):
        masks({f"{number}.pem": "" for number in range(1001)}, "*.pem")
    with pytest.raises(Refused, match="directories"):
        masks({f"{number}/x/y": "" for number in range(4097)}, "*/*/.env")


def test_a_start_does_not_walk_the_repository() -> None:
    host = Fake({f"{R}/src/{number}/deep/file": "" for number in range(50)})
    asked: list[str] = []
    whole = host.listdir

    def listdir(path: str) -> tuple[str, ...]:
        asked.append(path)
        return whole(path)

    host.listdir = listdir  # type: ignore[method-assign]
    plan(host=host, rules=policy(mask=["*.pem", "config/*.key"]))
    assert [path for path in asked if path.startswith(R)] == [R]
