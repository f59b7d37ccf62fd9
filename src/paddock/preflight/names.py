"""What a path says about a file: that it holds secrets, that it is code, that it belongs to a package. Pure.

The detector knows the forms of tokens and keys. A password has no form, so files whose very name says that they
hold some are found by that name, like the built-in masks, but at any depth.
"""

from __future__ import annotations

_SECRET_NAMES = frozenset([
    ".env", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".pypirc", ".git-credentials", ".htpasswd", ".dockercfg",
    ".boto", ".s3cfg", ".vault-token", ".envrc.private", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
    "credentials.json", "client_secret.json", "service-account.json", "serviceaccount.json", "master.key",
    "terraform.tfstate", "kubeconfig",
])  # fmt: skip
# Key stores: no detector reads them.
_SECRET_ENDINGS = (".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".tfvars", ".ppk", ".agekey")
# `.env.example` is there to be read.
_TEMPLATES = ("example", "sample", "template", "dist", "defaults", "schema")

# What other people wrote and published: their tests are full of keys that open nothing.
_PACKAGES = frozenset([
    "node_modules", "bower_components", "site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox", "vendor",
    "target", ".cargo", ".gradle", ".m2", "Pods", ".yarn", ".pnpm-store", "__pycache__",
])  # fmt: skip

# A masked file is empty inside. Code and documents are what the command came for, so they are told, never offered.
_CODE = frozenset([
    "adoc", "bash", "c", "cc", "clj", "cjs", "cpp", "cs", "css", "dart", "diff", "erl", "ex", "exs", "fish", "go",
    "gradle", "h", "hh", "hpp", "hs", "htm", "html", "ipynb", "java", "js", "jsx", "kt", "kts", "less", "lock", "lua",
    "m", "md", "mdx", "mjs", "ml", "mod", "nix", "patch", "php", "pl", "pm", "proto", "ps1", "py", "pyi", "r", "rb",
    "rs", "rst", "sass", "scala", "scss", "sh", "sql", "sum", "svelte", "swift", "tex", "tf", "ts", "tsx", "vue",
    "zig", "zsh",
])  # fmt: skip
_NEEDED = frozenset([
    "package.json", "package-lock.json", "pyproject.toml", "setup.cfg", "Cargo.toml", "composer.json", "tsconfig.json",
    "pom.xml", "Makefile", "Dockerfile", "Containerfile", "compose.yaml", "compose.yml", "docker-compose.yml",
    "docker-compose.yaml", "devcontainer.json", ".devcontainer.json", "paddock.toml", "Jenkinsfile", "Rakefile",
    "Gemfile", "README", "LICENSE", "CHANGELOG",
])  # fmt: skip
# Read first, when there is little time.
_LIKELY = frozenset(["env", "pem", "key", "json", "yaml", "yml", "toml", "ini", "cfg", "conf", "properties", "txt", ""])


def holds_secrets(name: str) -> bool:
    """Whether a file's name alone says so."""
    if name.startswith(".env."):
        return not any(word in _TEMPLATES for word in name.lower().split(".")[2:])
    return name in _SECRET_NAMES or name.lower().endswith(_SECRET_ENDINGS)


def in_package(path: str) -> bool:
    """Whether a path lies in a directory of installed packages."""
    return not _PACKAGES.isdisjoint(path.split("/")[:-1])


def in_git(path: str) -> bool:
    """Whether a path is git's own: masked, the repository would be broken."""
    return ".git" in path.split("/")


def for_rules(path: str) -> str:
    """As much of a path as the detector's rules look at: name and directory, which `.git/config` needs.

    With more of it the detector would pass over packages by convention, and build caches below them keep what was
    in somebody's environment.
    """
    *_, directory, name = ("", *path.split("/"))
    return name if directory in _PACKAGES or not directory else f"{directory}/{name}"


def is_code(path: str) -> bool:
    """Whether the command would miss the file if it were empty."""
    name = path.rpartition("/")[2]
    return name in _NEEDED or ending(name) in _CODE


def ending(name: str) -> str:
    """What follows the last dot, in small letters; a name such as `.env` ends in `env`."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def urgency(path: str) -> int:
    """The order of looking, the smallest first: likely places, the rest, other people's code."""
    if in_package(path):
        return 2
    name = path.rpartition("/")[2]
    return 0 if holds_secrets(name) or ending(name) in _LIKELY or in_git(path) else 1
