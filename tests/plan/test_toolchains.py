from __future__ import annotations

import pytest

from paddock.plan import toolchains
from paddock.plan.paths import normal, within
from paddock.policy import credentials
from tests.plan.machine import HOME, plan, policy, targets, variables
from tests.plan.machine import allow as allowed

EVERY = toolchains.roots(HOME, {})


@pytest.mark.parametrize(("row", "root"), EVERY, ids=[f"{row.name}-{root}" for row, root in EVERY])
def test_no_row_shows_a_credential_location(row: toolchains.Toolchain, root: str) -> None:
    for path in toolchains.shown(row, root, HOME, caches=True):
        assert credentials.refusal(path, path, HOME) is None
        assert path == normal(path)


def test_needs_name_rows_that_exist() -> None:
    names = {row.name for row in toolchains.TABLE}
    assert {need for row in toolchains.TABLE for need in row.needs} | toolchains.ALWAYS <= names


@pytest.mark.parametrize(
    ("entry", "files", "shown"),
    [
        (".pyenv/shims", [".pyenv/shims/python", ".pyenv/versions/3.12/bin/python"], [".pyenv"]),
        (".nvm/versions/node/v20/bin", [".nvm/versions/node/v20/bin/node", ".nvm/.npmrc"], [".nvm/versions"]),
        (".cargo/bin", [".cargo/bin/cargo", ".cargo/credentials.toml", ".rustup/toolchains/stable/bin/rustc", ".rustup/settings.toml"],
         [".cargo/bin", ".rustup/settings.toml", ".rustup/toolchains"]),
        (".bun/bin", [".bun/bin/bun", ".bun/install/cache/x"], [".bun/bin"]),
        (".deno/bin", [".deno/bin/deno"], [".deno/bin"]),
        (".local/share/mise/shims", [".local/share/mise/shims/x", ".config/mise/config.toml", ".tool-versions"],
         [".local/share/mise/shims", ".tool-versions"]),
        (".asdf/shims", [".asdf/shims/x", ".tool-versions"], [".asdf", ".tool-versions"]),
        (".local/bin", [".local/bin/tool", ".local/share/uv/tools/x/bin/x", ".local/share/uv/credentials/c", ".local/share/keyrings/k",
                        ".local/share/claude/versions/1", ".local/lib/python3.11/x"],
         [".local/bin", ".local/lib", ".local/share/claude/versions", ".local/share/uv/tools"]),
        (".volta/bin", [".volta/bin/node", ".volta/tools/image/x", ".volta/cache/x"], [".volta/bin", ".volta/tools"]),
        (".sdkman/candidates/java/current/bin", [".sdkman/candidates/java/current/bin/java", ".sdkman/etc/config"], [".sdkman/candidates"]),
        ("go/bin", ["go/bin/x", "go/src/private/x"], ["go/bin"]),
        ("miniconda3/bin", ["miniconda3/bin/conda", "miniconda3/lib/x", "miniconda3/pkgs/x"], ["miniconda3/bin", "miniconda3/lib"]),
        (".npm-global/bin", [".npm-global/bin/x", ".npm-global/lib/node_modules/x", ".npm-global/etc/npmrc"],
         [".npm-global/bin", ".npm-global/lib"]),
        ("bin", ["bin/x", "Documents/x"], ["bin"]),
    ],
)  # fmt: skip
def test_a_table_of_homes(entry: str, files: list[str], shown: list[str]) -> None:
    found = plan({f"{HOME}/{file}": "x" for file in files}, environ={"PATH": f"{HOME}/{entry}:/usr/bin"})
    assert [path.removeprefix(HOME + "/") for path in targets(found) if within(path, HOME)] == shown
    assert variables(found)["PATH"] == f"{HOME}/{entry}:/usr/bin:/usr/local/bin:/bin"


def test_a_variable_moves_a_root_and_passes() -> None:
    files = {"/data/py/shims/python": "x", "/data/py/versions/3.12/bin/python": "x"}
    found = plan(files, environ={"PATH": "/data/py/shims", "PYENV_ROOT": "/data/py"})
    assert "/data/py" in targets(found)
    assert variables(found)["PYENV_ROOT"] == "/data/py"


def test_a_moved_root_is_shown_beside_the_one_on_path() -> None:
    files = {f"{HOME}/.cargo/bin/cargo": "x", "/data/cargo/registry/x": ""}
    found = plan(files, environ={"PATH": f"{HOME}/.cargo/bin", "CARGO_HOME": "/data/cargo"})
    assert {f"{HOME}/.cargo/bin", "/data/cargo/registry"} <= set(targets(found))


@pytest.mark.parametrize("root", ["/", HOME, "/home", f"{HOME}/.ssh", f"{HOME}/.config", "relative", ""])
def test_a_variable_cannot_move_a_root_onto_the_home_or_credentials(root: str) -> None:
    files = {f"{HOME}/.ssh/bin/x": "x", f"{HOME}/.config/gh/hosts.yml": "t", f"{HOME}/private": "x"}
    found = plan(files, environ={"PATH": f"{root}/bin:{HOME}/.ssh/bin", "PYENV_ROOT": root})
    assert [path for path in targets(found) if within(path, "/home")] == []


def test_caches_are_shown_only_while_nothing_can_be_downloaded() -> None:
    files = {
        f"{HOME}/.cargo/bin/cargo": "x",
        f"{HOME}/.cargo/registry/x": "",
        f"{HOME}/.m2/repository/x": "",
        f"{HOME}/.m2/settings.xml": "",
    }
    environ = {"PATH": f"{HOME}/.cargo/bin"}
    off = targets(plan(files, environ=environ))
    assert {f"{HOME}/.cargo/registry", f"{HOME}/.m2/repository"} <= set(off)
    reach = policy(network_mode="allow", allow=(allowed("crates.example.test"),))
    on = targets(plan(files, environ=environ, rules=reach))
    assert not {f"{HOME}/.cargo/registry", f"{HOME}/.m2/repository"} & set(on)
    assert f"{HOME}/.cargo/bin" in on
