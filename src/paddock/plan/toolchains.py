"""The table of toolchains that people install below their home, and what of each a sandbox sees.

A row applies when a directory of PATH, a variable of its own or the command's program lies at or below one
of its roots. Parts are shown read-only; `""` is the whole root. A part that may hold a token is not in the
table: `~/.cargo/credentials.toml`, `~/.cargo/config.toml`, `~/.config/mise`, `~/.m2/settings.xml`, `~/.npmrc`.

Package caches are shown read-only only while nothing can be downloaded anyway, for then the tool could not add to
them, and only where the tool was seen to work with a cache that it cannot write: cargo 1.95 builds offline from
`registry` (its lock lies above, in the private part of CARGO_HOME), Maven 3.8 runs with `-o`. Left out: uv fails
("Could not acquire lock", astral-sh/uv#16820); cargo's `git`, npm, pip, Go, Gradle and pnpm were not shown to work, so
they start with an empty cache of their own.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.plan.paths import expand, normal, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class Toolchain:
    """One row. `variables` are passed inside when the row applies; the first of them may move the root."""

    name: str
    roots: tuple[str, ...]
    parts: tuple[str, ...] = ("",)
    variables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # rows that apply along with this one
    beside: tuple[str, ...] = ()  # further paths, outside the root
    caches: tuple[str, ...] = ()  # parts that are shown only while nothing can be downloaded


_CONDA = ("bin", "condabin", "envs", "lib", "include", "share", "ssl", "libexec", "conda-meta")
TABLE: tuple[Toolchain, ...] = (
    # Python
    Toolchain("pyenv", ("~/.pyenv",), variables=("PYENV_ROOT",)),
    Toolchain("uv", ("~/.local/share/uv",), ("python", "tools")),
    Toolchain(
        "pipx", ("~/.local/share/pipx", "~/.local/pipx"), ("venvs", "shared", "py"), ("PIPX_HOME",), ("uv", "pyenv")
    ),
    Toolchain("conda", ("~/.conda",), ("envs",)),
    *(
        Toolchain("conda", (f"~/{name}",), _CONDA)
        for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
    ),
    Toolchain("poetry", ("~/.local/share/pypoetry",), ("venv",), needs=("pyenv",)),
    # Node
    Toolchain("nvm", ("~/.nvm",), ("versions", "alias", "nvm.sh", "nvm-exec"), ("NVM_DIR", "NVM_BIN", "NVM_INC")),
    Toolchain("fnm", ("~/.local/share/fnm", "~/.fnm"), ("node-versions", "aliases"), ("FNM_DIR",)),
    Toolchain("volta", ("~/.volta",), ("bin", "tools", "hooks.json"), ("VOLTA_HOME",)),
    Toolchain("n", ("~/n", "~/.n"), variables=("N_PREFIX",)),
    Toolchain("npm prefix", ("~/.npm-global", "~/.npm-packages"), ("bin", "lib")),
    Toolchain("npx", ("~/.npm/_npx",)),
    Toolchain("pnpm", ("~/.local/share/pnpm",), variables=("PNPM_HOME",)),
    Toolchain("yarn", ("~/.yarn", "~/.config/yarn/global"), ("bin", "node_modules")),
    Toolchain("bun", ("~/.bun",), ("bin", "install/global"), ("BUN_INSTALL",)),
    Toolchain("deno", ("~/.deno",), ("bin",), ("DENO_INSTALL",)),
    # Rust
    Toolchain("cargo", ("~/.cargo",), ("bin", "env"), ("CARGO_HOME",), ("rustup",), caches=("registry",)),
    Toolchain("rustup", ("~/.rustup",), ("toolchains", "settings.toml", "update-hashes"), ("RUSTUP_HOME",)),
    # Go, the Java family, Ruby, others
    Toolchain("go", ("~/go",), ("bin",), ("GOPATH",)),
    Toolchain("go sdk", ("~/sdk", "~/.local/go", "~/.gvm"), variables=("GOROOT",)),
    Toolchain("sdkman", ("~/.sdkman",), ("bin", "candidates", "src", "libexec"), ("SDKMAN_DIR",)),
    Toolchain("jdk", ("~/.jdks", "~/.jenv")),
    Toolchain("rbenv", ("~/.rbenv",), variables=("RBENV_ROOT",)),
    Toolchain("rvm", ("~/.rvm",), ("bin", "rubies", "gems", "scripts", "wrappers", "environments"), ("rvm_path",)),
    Toolchain("ruby gems", ("~/.local/share/gem", "~/.gem"), ("ruby",)),
    Toolchain("ghcup", ("~/.ghcup",)),
    Toolchain("opam", ("~/.opam",), variables=("OPAMROOT", "OPAM_SWITCH_PREFIX")),
    Toolchain("dotnet", ("~/.dotnet",), variables=("DOTNET_ROOT",)),
    Toolchain("juliaup", ("~/.juliaup", "~/.julia/juliaup")),
    Toolchain("zig", ("~/.zvm", "~/.zigup")),
    Toolchain("foundry", ("~/.foundry",), ("bin", "versions")),
    # Version managers of everything
    Toolchain(
        "mise", ("~/.local/share/mise",), ("shims", "installs", "plugins"), ("MISE_DATA_DIR",),
        beside=("~/.tool-versions",),
    ),
    Toolchain("asdf", ("~/.asdf",), variables=("ASDF_DATA_DIR", "ASDF_DIR"), beside=("~/.tool-versions", "~/.asdfrc")),
    Toolchain("proto", ("~/.proto",), ("bin", "shims", "tools", "plugins"), ("PROTO_HOME",)),
    Toolchain("homebrew", ("/home/linuxbrew/.linuxbrew", "~/.linuxbrew"), variables=("HOMEBREW_PREFIX",)),
    Toolchain("nix", ("/nix/store",)),
    # The catch-all of a home comes last: its links lead to the tool directories that are known.
    Toolchain("local", ("~/.local/bin",), needs=("uv", "pipx", "poetry", "claude"), beside=("~/.local/lib",)),
    Toolchain("claude", ("~/.local/share/claude",), ("versions",)),
    Toolchain("home bin", ("~/bin",)),
    Toolchain("maven", ("~/.m2",), ("wrapper",), caches=("repository",)),
)  # fmt: skip

# These apply without a PATH entry of their own: their programs come with the system.
ALWAYS = frozenset({"maven"})


def roots(home: str, environ: Mapping[str, str]) -> list[tuple[Toolchain, str]]:
    """Every row with every root that it has for this person: the default ones, and where a variable moved it.

    A variable that names / or a directory with the home in it is nonsense and is not followed.
    """
    found: list[tuple[Toolchain, str]] = []
    for row in TABLE:
        found += [(row, expand(root, home)) for root in row.roots]
        moved = environ.get(row.variables[0], "") if row.variables else ""
        # GOPATH is a list.
        for path in moved.split(":") if moved else ():
            if path.startswith("/") and not within(home, normal(path)):
                found.append((row, normal(path)))
    return found


def rows_for(path: str, known: list[tuple[Toolchain, str]]) -> list[tuple[Toolchain, str]]:
    """The rows that a path belongs to and those that they need, at all their roots: CARGO_HOME may hold no `bin`."""
    names = {row.name for row, root in known if within(path, root)}
    return rows_named(names, known) if names else []


def rows_named(names: set[str] | frozenset[str], known: list[tuple[Toolchain, str]]) -> list[tuple[Toolchain, str]]:
    """The rows of these names, and the rows that those need."""
    names = names | {need for row in TABLE if row.name in names for need in row.needs}
    return [(row, root) for row, root in known if row.name in names]


def shown(row: Toolchain, root: str, home: str, *, caches: bool) -> list[str]:
    """The paths that a row shows below one of its roots."""
    parts = (*row.parts, *row.caches) if caches else row.parts
    return [f"{root}/{part}" if part else root for part in parts] + [expand(path, home) for path in row.beside]
