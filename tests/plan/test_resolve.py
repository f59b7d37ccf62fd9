from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from paddock.errors import PaddockError
from paddock.plan.paths import within
from paddock.policy import credentials
from paddock.policy.model import Amount, Text
from tests.plan.machine import FLAG, HOME, REPOSITORY, Fake, plan, policy, targets

SECRET_FILES = {
    f"{HOME}/.ssh/id_rsa": "k", f"{HOME}/.aws/credentials": "k", f"{HOME}/.config/gh/hosts.yml": "k", f"{HOME}/.claude/.credentials.json": "k",
    f"{HOME}/.cargo/credentials.toml": "k", f"{HOME}/.cargo/bin/cargo": "x", f"{HOME}/.gnupg/S.gpg-agent": "socket", f"{HOME}/.npmrc": "k",
    f"{HOME}/.local/share/keyrings/login": "k", f"{HOME}/.local/bin/tool": "x", f"{HOME}/.bash_history": "k", "/etc/ssl/private/key": "k",
    "/run/docker.sock": "socket", "/var/run": "-> run", f"{HOME}/link": "-> .ssh", f"{HOME}/up": "-> ..", f"{HOME}/loop": "-> loop",
    f"{HOME}/dots/zsh/history": "k", f"{HOME}/.zsh_history": "-> dots/zsh/history", "/data/ssh/key": "k", f"{HOME}/.kube": "-> /data/ssh",
    "/opt/tool/bin/x": "x", f"{HOME}/.pyenv/shims/x": "x", f"{REPOSITORY}/out": f"-> {HOME}/.ssh", f"{REPOSITORY}/.venv/pyvenv.cfg": "home = /data/ssh",
}  # fmt: skip
PLACES = [place.path for place in credentials.locations(HOME, {}, lambda path: Fake(SECRET_FILES).look(path).real)]

words = st.sampled_from(
    [*SECRET_FILES, HOME, "/", "/home", "/data", "/etc", "/run", "/proc/1", "~", "~/.ssh", f"{HOME}/link/..", f"{HOME}/.", f"{HOME}//.ssh/",
     f"{HOME}/.config", f"{HOME}/.local", f"{HOME}/.cargo", f"{HOME}/dots", f"{HOME}/dots/zsh", REPOSITORY, f"{HOME}/code", "/opt/tool/bin"]
)  # fmt: skip
paths = st.one_of(words, st.tuples(words, st.sampled_from(["/..", "/bin", "/../..", "/x", "/."])).map("".join))
NAMES = "PYENV_ROOT CARGO_HOME NVM_DIR JAVA_HOME VIRTUAL_ENV SSL_CERT_FILE CURL_CA_BUNDLE SHELL GOPATH PIPX_HOME XDG_CONFIG_HOME"
names = st.sampled_from(NAMES.split())


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(paths, max_size=5), st.lists(paths, max_size=2), st.dictionaries(names, paths, max_size=4), paths)
@example([f"{HOME}/up/ann/.ssh"], [], {}, "true")
@example([], [f"{HOME}/code"], {}, "true")
def test_no_credential_location_is_ever_visible(
    path: list[str], read: list[str], environ: dict[str, str], command: str
) -> None:
    """INVARIANT CR-01: whatever PATH, read, variables and the command line name."""
    host = Fake(SECRET_FILES, environ={**environ, "PATH": ":".join(path)})
    try:
        found = plan(None, command, host=host, rules=policy(read=read))
    except PaddockError as error:
        assert error.next_step  # noqa: PT017 - refusing is one of the two good ends
        return
    for mount in found.mounts:
        if mount.source == "/usr":
            continue
        for place in PLACES:
            if "*" not in place:
                assert not within(place, mount.source), (mount, place)
                assert not within(mount.source, place), (mount, place)
        assert host.look(mount.source).kind in ("file", "dir")
        assert host.look(mount.source).real == mount.source
        assert mount.access == "read"


@given(st.lists(paths, max_size=4), paths)
def test_mounts_and_links_never_meet_at_one_place(path: list[str], command: str) -> None:
    found = plan(SECRET_FILES, command, environ={"PATH": ":".join(path)})
    entries = [mount.target for mount in found.mounts] + [link.target for link in found.links]
    entries += [file.target for file in found.files] + [private.target for private in found.private]
    assert len(entries) == len(set(entries))
    for link in found.links:
        assert not any(within(link.target, mount.target) for mount in found.mounts), link
    assert not any(within(target, REPOSITORY) for target in entries)


def test_the_policy_arrives_in_the_plan() -> None:
    rules = policy(
        workspace_mode="scratch", boundary_use="landlock", boundary_minimum=Text("landlock", FLAG), accept=["b", "a", "b"],
        syscalls="debug", limits=(Amount("wall", 60, FLAG),), notes=("one", "one", "two"),
    )  # fmt: skip
    found = plan({}, "true", "x", rules=rules, terminal=True)
    assert found.command == ("true", "x")
    assert (found.workspace.mode, found.syscalls, found.terminal) == ("scratch", "debug", True)
    assert (found.boundary.use, found.boundary.minimum, found.boundary.accepted_gaps) == (
        "landlock",
        "landlock",
        ("a", "b"),
    )
    wall = found.limit("wall")
    assert wall is not None
    assert (wall.value, wall.origin) == (60, FLAG)
    assert found.notes == ("one", "two")


def test_the_working_directory_is_kept_inside_the_repository_only() -> None:
    from paddock.plan.resolve import Request, resolve

    host = Fake({f"{REPOSITORY}/src/": "", "/srv/x/": ""})
    for cwd, kept in (
        (f"{REPOSITORY}/src", f"{REPOSITORY}/src"),
        ("/srv/x", REPOSITORY),
        (f"{REPOSITORY}-evil", REPOSITORY),
    ):
        assert resolve(policy(), Request((), cwd, REPOSITORY, terminal=False), host).cwd == kept


def test_the_git_identity_is_all_of_gits_configuration() -> None:
    host = Fake({f"{HOME}/.gitconfig": "[credential]\nhelper = store"})
    host.who = ("Ann", "ann@example.test")
    content = next(file.content for file in plan(host=host).files if file.target == "/etc/gitconfig")
    assert content == f'[user]\n\tname = "Ann"\n\temail = "ann@example.test"\n[safe]\n\tdirectory = "{REPOSITORY}"\n'


def test_a_home_behind_a_link_is_private_at_its_real_place() -> None:
    host = Fake(
        {"/var/home/ann/code/app/": "", "/var/home/ann/.cargo/bin/cargo": "x"}, environ={"PATH": f"{HOME}/.cargo/bin"}
    )
    host.tree["home"] = "-> var/home"
    found = plan(host=host, repository="/var/home/ann/code/app")
    assert "/var/home/ann" in [entry.target for entry in found.private]
    assert ("/home", "var/home") in [(link.target, link.to) for link in found.links]
    assert "/var/home/ann/.cargo/bin" in targets(found)


def test_the_same_question_has_the_same_answer() -> None:
    files = {f"{HOME}/.cargo/bin/x": "x", "/opt/a/bin/y": "x", f"{REPOSITORY}/b.pem": "", f"{REPOSITORY}/a.pem": ""}
    assert plan(files, "y", environ={"PATH": f"/opt/a/bin:{HOME}/.cargo/bin"}) == plan(
        dict(reversed(files.items())), "y", environ={"PATH": f"/opt/a/bin:{HOME}/.cargo/bin"}
    )


@pytest.mark.parametrize(("files", "there"), [({"/usr/bin/git-lfs": ""}, True), ({}, False)])
def test_git_is_told_of_git_lfs_where_that_is_installed(files: dict[str, str], *, there: bool) -> None:
    content = next(file.content for file in plan(host=Fake(files)).files if file.target == "/etc/gitconfig")
    assert ("git-lfs" in content) == there
