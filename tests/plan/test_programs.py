from __future__ import annotations

import pytest

from paddock.plan.paths import within
from tests.plan.machine import HOME, REPOSITORY, Fake, plan, targets, variables

R = REPOSITORY


def extra(files: dict[str, str], path: str = "", *command: str, **environ: str) -> list[str]:
    """What a plan shows beyond the system."""
    found = plan(files, *command, environ={"PATH": f"{path}:/usr/bin", **environ})
    return [target for target in targets(found) if not within(target, "/usr") and not within(target, "/etc")]


@pytest.mark.parametrize(
    ("entry", "files", "shown"),
    [
        ("/opt/x/bin", ["/opt/x/bin/a", "/opt/x/etc/b"], ["/opt/x"]),
        ("/opt/bin", ["/opt/bin/a"], ["/opt/bin"]),
        ("/opt/x/y/bin", ["/opt/x/y/bin/a", "/opt/x/z"], ["/opt/x/y"]),
        ("/opt/x", ["/opt/x/a"], ["/opt/x"]),
        ("/srv/t/bin", ["/srv/t/bin/a", "/srv/t/lib/b", "/srv/t/share/c", "/srv/t/var/d"], ["/srv/t/bin", "/srv/t/lib", "/srv/t/share"]),
        ("/srv/bin", ["/srv/bin/a", "/srv/lib/x"], ["/srv/bin"]),
        (f"{HOME}/node-v20/bin", ["~/node-v20/bin/node", "~/node-v20/lib/n", "~/node-v20/share/s"], ["~/node-v20/bin", "~/node-v20/lib"]),
        (f"{HOME}/tools", ["~/tools/a"], ["~/tools"]),
        (f"{HOME}/jdk/bin", ["~/jdk/bin/java", "~/jdk/lib/jvm.cfg", "~/jdk/conf/x"], ["~/jdk"]),
        ("/nix/store/abc/bin", ["/nix/store/abc/bin/a"], ["/nix/store"]),
        ("/home/linuxbrew/.linuxbrew/bin", ["/home/linuxbrew/.linuxbrew/bin/a", "/home/linuxbrew/.linuxbrew/Cellar/a"],
         ["/home/linuxbrew/.linuxbrew"]),
        ("/mnt/c/Windows/System32", ["/mnt/c/Windows/System32/cmd.exe"], []),
        ("/snap/bin", ["/snap/bin/x"], []),
        (HOME, ["~/script"], []),
        ("/", [], []),
        ("/home", [], []),
        (f"{HOME}/.ssh", ["~/.ssh/id"], []),
        (f"{HOME}/.config", ["~/.config/gh/hosts.yml"], []),
        ("/run/user/1001", ["/run/user/1001/bus"], []),
        ("/proc/self/cwd", [], []),
        ("", [], []),
        (".", [], []),
        ("node_modules/.bin", [f"{R}/node_modules/.bin/x"], []),
        ("/none/bin", [], []),
    ],
)  # fmt: skip
def test_a_table_of_path_entries(entry: str, files: list[str], shown: list[str]) -> None:
    made = {file.replace("~", HOME): "x" for file in files}
    assert extra(made, entry) == [path.replace("~", HOME) for path in shown]
    kept = variables(plan(made, environ={"PATH": f"{entry}:/usr/bin"}))["PATH"].split(":")
    assert (entry in kept) == bool(shown)
    assert all(path.startswith("/") for path in kept)


def test_the_order_is_kept_doubles_go_and_the_system_is_last() -> None:
    files = {"/opt/b/bin/x": "x", "/opt/a/bin/x": "x"}
    found = plan(files, environ={"PATH": "/opt/b/bin:/bin:/opt/a/bin/:/opt/b//bin:/usr/bin"})
    assert variables(found)["PATH"] == "/opt/b/bin:/bin:/opt/a/bin:/usr/bin:/usr/local/bin"


def test_directories_of_the_repository_stay_where_they_are() -> None:
    found = plan({f"{R}/bin/x": "x"}, environ={"PATH": f"{R}/bin:/usr/bin:{R}/none"})
    assert variables(found)["PATH"].split(":")[:3] == [f"{R}/bin", "/usr/bin", f"{R}/none"]


def test_ten_thousand_entries_are_cut_and_said() -> None:
    found = plan(environ={"PATH": ":".join(f"/opt/{number}/bin" for number in range(10_000))})
    assert "first 256" in found.notes[0]


def test_a_link_of_this_login_is_written_as_where_it_leads() -> None:
    node = f"{HOME}/.local/share/fnm/node-versions/v20/installation"
    files = {"/run/user/1001/fnm_multishells/7_8": f"-> {node}", f"{node}/bin/node": "x"}
    found = plan(files, environ={"PATH": "/run/user/1001/fnm_multishells/7_8/bin"})
    assert variables(found)["PATH"].startswith(f"{node}/bin:")
    assert not [link for link in found.links if within(link.target, "/run")]


def test_a_link_on_path_leads_inside_as_it_does_outside() -> None:
    files = {
        f"{HOME}/.nix-profile": "-> /nix/var/p-1",
        "/nix/var/p-1": "-> /nix/store/abc",
        "/nix/store/abc/bin/x": "x",
    }
    found = plan(files, environ={"PATH": f"{HOME}/.nix-profile/bin"})
    links = {link.target: link.to for link in found.links}
    assert links[f"{HOME}/.nix-profile"] == "/nix/var/p-1"
    assert links["/nix/var/p-1"] == "/nix/store/abc"
    assert variables(found)["PATH"].startswith(f"{HOME}/.nix-profile/bin:")


# -- the command ------------------------------------------------------------------------------------


def test_a_link_in_a_directory_of_programs_brings_its_package() -> None:
    files = {
        f"{HOME}/tools/agent": "-> ../agents/lib/node_modules/agent/cli.js",
        f"{HOME}/agents/lib/node_modules/agent/cli.js": "#!/usr/bin/env node\n",
    }
    assert f"{HOME}/agents/lib/node_modules" in extra(files, f"{HOME}/tools", "agent")


def test_a_program_of_usr_that_lives_in_opt() -> None:
    files = {"/usr/bin/browser": "-> /opt/vendor/browser/run", "/opt/vendor/browser/run": "x", "/opt/vendor/lib/x": ""}
    assert extra(files, "", "browser") == ["/opt/vendor"]


def test_the_interpreter_of_a_script_is_shown() -> None:
    files = {f"{HOME}/tools/s": "#!/srv/py/bin/python -I\n", "/srv/py/bin/python": "x", "/srv/py/lib/x": ""}
    assert {"/srv/py/bin", "/srv/py/lib"} <= set(extra(files, f"{HOME}/tools", "s"))


def test_a_virtual_environment_brings_its_interpreter() -> None:
    files = {
        "/srv/venv/pyvenv.cfg": f"home = {HOME}/.pyenv/versions/3.12/bin\nversion = 3.12\n", "/srv/venv/bin/pytest": "x",
        f"{HOME}/.pyenv/versions/3.12/bin/python": "x",
    }  # fmt: skip
    assert extra(files, "/srv/venv/bin") == [f"{HOME}/.pyenv", "/srv/venv"]


def test_a_virtual_environment_of_the_repository_brings_a_known_interpreter() -> None:
    uv = f"{HOME}/.local/share/uv/python/cpython-3.12/bin"
    files = {
        f"{R}/.venv/pyvenv.cfg": f"home = {uv}\n",
        f"{R}/.venv/bin/python": f"-> {uv}/python3",
        f"{uv}/python3": "x",
    }
    shown = [f"{HOME}/.local/share/uv/python"]
    assert extra(files, "", "make") == shown
    assert extra(files, "", ".venv/bin/python") == shown
    assert extra(files, f"{R}/.venv/bin") == shown


@pytest.mark.parametrize(
    "files",
    [
        {f"{R}/.venv/pyvenv.cfg": f"home = {HOME}/private/bin\n"},
        {f"{R}/.venv/pyvenv.cfg": f"home = {HOME}/private\n"},
        {f"{R}/.venv/pyvenv.cfg": "home = /data/private\n"},
        {f"{R}/.venv/pyvenv.cfg": f"home = {HOME}/.ssh\n"},
        {f"{R}/.venv/bin/python": f"-> {HOME}/private/bin/secret", f"{R}/.venv/pyvenv.cfg": "home = /usr/bin\n"},
        {f"{R}/run": f"#!{HOME}/private/bin/secret\n"},
        {f"{R}/run": "#!/data/private/secret\n"},
        {f"{R}/run": f"-> {HOME}/private/bin/secret"},
        {f"{R}/run": f"-> {HOME}/private/lib/node_modules/x"},
        {f"{R}/run": "-> /opt/private/bin/secret"},
        {f"{R}/bin": f"-> {HOME}/private/bin"},
    ],
)
def test_a_file_of_the_repository_cannot_name_what_is_shown(files: dict[str, str]) -> None:
    secrets = {
        f"{HOME}/private/bin/secret": "x", f"{HOME}/private/lib/node_modules/x": "x", "/data/private/secret": "x",
        "/opt/private/bin/secret": "x", f"{HOME}/.ssh/id": "x",
    }  # fmt: skip
    for command in ("./run", f"{R}/run", ".venv/bin/python", "secret", "make"):
        assert extra({**secrets, **files}, f"{R}/bin:{R}/.venv/bin", command) == []


def test_a_program_that_is_not_shown_is_said() -> None:
    found = plan({f"{HOME}/script": "x"}, "script", environ={"PATH": f"{HOME}:/usr/bin"})
    assert f"script is {HOME}/script on this machine, which is not shown inside" in found.notes


def test_loops_of_interpreters_end() -> None:
    assert extra({"/srv/a": "#!/srv/b\n", "/srv/b": "#!/srv/a\n"}, "", "/srv/a") == ["/srv/a", "/srv/b"]


@pytest.mark.parametrize(
    "head", ["#!", "#!\n", "#! \n", "#!relative\n", "#!/usr/bin/env\n", "#!/usr/bin/env -S A=1 -i\n", "\udcff\0"]
)
def test_odd_scripts_bring_nothing(head: str) -> None:
    assert extra({f"{R}/run": head}, "", "./run") == []


def test_a_file_that_cannot_be_executed_is_not_found() -> None:
    host = Fake({"/opt/a/bin/tool": "text", "/opt/b/bin/tool": "x"}, environ={"PATH": "/opt/a/bin:/opt/b/bin"})
    assert plan(None, "tool", host=host).notes == ()
