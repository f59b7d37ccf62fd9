"""The policy flags on a command line."""

from __future__ import annotations

import argparse

import pytest

from paddock.cli.flags import NAMES, declare_policy_flags, layer_from_flags
from paddock.errors import PolicyError
from paddock.policy.flags import MANY, WORDS


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    declare_policy_flags(parser)
    return parser.parse_args(arguments)


def test_no_flags_are_an_empty_layer():
    layer = layer_from_flags(options())
    assert (layer.kind, layer.settings) == ("flag", ())


def test_the_names_here_are_the_ones_that_the_policy_knows():
    assert set(NAMES) == {*WORDS, *MANY, "env", "limit", "debug_syscalls", "nested", "ask_inside", "require_proof"}
    assert set(vars(options())) == set(NAMES)


def test_all_flags_together():
    layer = layer_from_flags(
        options(
            *(
                "--workspace",
                "scratch",
                "--read",
                "data",
                "--mask",
                "*.key",
                "--env",
                "CI",
                "--env",
                "A=1",
                "--boundary",
                "podman",
            ),
            *(
                "--minimum",
                "podman",
                "--accept",
                "pid-namespace",
                "--allow",
                "a.example:80",
                "--deny",
                "b.example",
                "--publish",
                "8080:80",
                "--limit",
                "wall=1h",
                "--debug-syscalls",
                "--nested",
            ),
        ),
        "/here",
    )
    found = {setting.key: setting.value for setting in layer.settings}
    assert set(found) == {
        "workspace.mode", "workspace.read", "workspace.mask", "environment.pass", "environment.set", "boundary.use", "boundary.minimum",
        "boundary.accept", "boundary.syscalls", "boundary.nested", "network.mode", "network.allow", "network.deny", "network.publish", "limits.wall",
    }  # fmt: skip
    assert "/here/data" in str(found["workspace.read"])


def test_relative_paths_count_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path) in str(layer_from_flags(options("--read", "x")).settings[0].value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workspace", ""),
        ("--net", "on"),
        ("--env", ""),
        ("--allow", "*"),
        ("--allow", "*.com"),
        ("--deny", ""),
        ("--publish", "0"),
    ],
)
def test_an_empty_or_wrong_value_is_refused_not_ignored(arguments):
    with pytest.raises(PolicyError, match=arguments[0]):
        layer_from_flags(options(*arguments))


def test_options_of_a_command_without_these_flags_are_no_layer():
    assert layer_from_flags(argparse.Namespace(other=1)).settings == ()
