"""Completion scripts are tried in the shells themselves."""

from __future__ import annotations

import argparse
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.cli.completion import declare, perform, script
from paddock.cli.declarations import commands, read
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.declarations import Command


def examples() -> tuple[Command, ...]:
    run = argparse.ArgumentParser(prog="paddock run")
    run.add_argument("--net", choices=["off", "allow"], help="it's [the] network: on\\off")
    run.add_argument("--read", metavar="PATH", action="append", help="one more path")
    run.add_argument("--name", help="a name")
    run.add_argument("command", nargs="*", metavar="COMMAND", help="the program")
    policy = argparse.ArgumentParser(prog="paddock policy")
    verbs = policy.add_subparsers(dest="verb")
    verbs.add_parser("init", help="write one")
    check = verbs.add_parser("check", help="check one")
    check.add_argument("--strict", action="store_true", help="no remarks")
    check.add_argument("path", help="the file")
    ps = argparse.ArgumentParser(prog="paddock ps")
    completion = argparse.ArgumentParser(prog="paddock completion")
    completion.add_argument("shell", choices=["bash", "fish", "zsh"], help="the shell")
    parsers = {"run": run, "policy": policy, "ps": ps, "completion": completion}
    return tuple(read(parser, (name,), f"does {name}", "") for name, parser in parsers.items())


BASH = """
source "$1"; shift
COMP_WORDS=(paddock "$@"); COMP_CWORD=$#
_paddock
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(shell: str, path: Path, *words: str) -> list[str]:
    """What the shell offers after `paddock WORDS…`; the last word is the one being typed."""
    if shell == "bash":
        argv = ["bash", "--norc", "-c", BASH, "bash", str(path), *words]
    else:
        line = "paddock " + " ".join(words)
        argv = ["fish", "--no-config", "-c", f"source {path}; complete -C '{line}'"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=path.parent, timeout=60)
    assert done.stderr == ""
    return sorted({row.split("\t")[0] for row in done.stdout.splitlines() if row})


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(name)) for name in ("bash", "fish")])
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("p",), ["policy", "ps"]),
        (("run", "--n"), ["--name", "--net"]),
        (("run", "--net", ""), ["allow", "off"]),
        (("policy", ""), ["check", "init"]),
        (("policy", "check", "--s"), ["--strict"]),
        (("policy", "check", "a-fi"), ["a-file.toml"]),
        (("run", "--read", "a-fi"), ["a-file.toml"]),
        (("completion", ""), ["bash", "fish", "zsh"]),
        (("run", "--", "printen"), ["printenv"]),
        (("run", "--", "run", "--ne"), []),
    ],
    ids=lambda value: " ".join(value) or "nothing",
)
def test_the_shell_offers(shell: str, words: tuple[str, ...], offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(script(shell, examples()))
    (tmp_path / "a-file.toml").write_text("")
    found = completed(shell, tmp_path / "completion", *words)
    assert [word for word in found if word not in ("-h", "--help")] == offered


@needs("zsh")
def test_zsh_accepts_the_script_and_offers_commands(tmp_path: Path) -> None:
    """zsh completes only at a real prompt: type there, through its own pseudo-terminal module."""
    (tmp_path / "_paddock").write_text(script("zsh", examples()))
    driver = f"""
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "PS1='> '; fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -d {tmp_path}/dump"
      zpty -w shell "bindkey '^I' complete-word; zstyle ':completion:*' list-colors ''; setopt no_beep; echo rea''dy"
      zpty -r -m shell seen '*ready*'
      zpty -w -n shell $'paddock poli\\t ch\\t --str\\t'
      zpty -r -m shell seen '*--strict*'
      print -r -- done
    """
    done = subprocess.run(["zsh", "-f", "-c", driver], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(name)) for name in ("bash", "fish", "zsh")])
def test_the_script_for_the_real_commands_parses(shell: str, tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(script(shell, commands()))
    subprocess.run([shell, "-n", tmp_path / "completion"], check=True, timeout=60)


def test_the_command_prints_the_script() -> None:
    parser = argparse.ArgumentParser()
    declare(parser)
    outcome = perform(parser.parse_args(["fish"]))
    assert outcome.text == script("fish", commands())
    assert outcome.data == {"schema": 1, "shell": "fish", "script": outcome.text}
