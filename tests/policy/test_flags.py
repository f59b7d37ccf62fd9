"""Flags as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PolicyError
from paddock.policy.flags import flags_layer
from paddock.policy.layering import merge

if TYPE_CHECKING:
    from paddock.policy.model import Layer


def settings(layer: Layer) -> dict[str, Any]:
    return {setting.key: setting.value for setting in layer.settings}


def test_every_flag_becomes_a_setting_with_its_own_name_as_origin():
    layer = flags_layer(
        {
            "workspace": "live", "read": ["../lib", "/opt"], "mask": ["*.key"], "env": ["CI", "A=b=c", "LC_*", "E="], "boundary": "landlock",
            "minimum": "landlock", "accept": ["pid-namespace"], "net": "allow", "allow": ["a.example", "b.example:80"],
            "limit": ["wall=1h", "memory=none", "processes=7", "cpus=0.5"], "debug_syscalls": True, "nested": True,
            "ask_inside": True, "require_proof": "7",
        },
        base="/here",
    )  # fmt: skip
    policy = merge([layer], trusted=False)
    assert [entry.value for entry in policy.read] == ["/here/../lib", "/opt"]
    assert [entry.value for entry in policy.pass_variables] == ["CI", "LC_*"]
    assert [(entry.name, entry.value) for entry in policy.set_variables] == [("A", "b=c"), ("E", "")]
    assert [(entry.host, entry.port, entry.origin.where) for entry in policy.allow] == [
        ("a.example", 443, "--allow"),
        ("b.example", 80, "--allow"),
    ]
    assert settings(layer)["limits.wall"] == 3600
    assert settings(layer)["limits.memory"] is None
    assert settings(layer)["prove.require"] == 7 * 86400
    assert settings(flags_layer({"require_proof": "12h"}))["prove.require"] == 12 * 3600
    assert settings(flags_layer({"require_proof": "none"}))["prove.require"] is None
    assert policy.syscalls.origin.where == "--debug-syscalls"
    assert (policy.nested.value, policy.nested.origin.where) == ("true", "--nested")
    assert (policy.agent_prompts.value, policy.agent_prompts.origin.where) == ("keep", "--ask-inside")
    assert (policy.workspace_mode.value, str(policy.workspace_mode.origin)) == ("live", "flag --workspace")
    assert policy.boundary_minimum.value == "landlock"
    assert policy.accept[0].value == "pid-namespace"


def test_allow_implies_the_mode_unless_a_mode_is_given():
    assert settings(flags_layer({"allow": ["a.example"], "net": None}))["network.mode"] == "allow"
    assert settings(flags_layer({"allow": ["a.example"], "net": "off"}))["network.mode"] == "off"


def test_what_is_not_given_is_no_setting():
    assert flags_layer({"workspace": None, "read": [], "debug_syscalls": False}).settings == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"workspace": "lve"},
            '--workspace: expected readonly, scratch, review or live, not "lve"; did you mean "live"?',
        ),
        ({"workspace": ""}, "--workspace: expected"),
        ({"net": "registries"}, "not available yet"),
        (
            {"require_proof": "x"},
            '--require-proof: expected days, or a duration with its unit, such as 7 or "12h", not "x"',
        ),
        ({"net": "on"}, "--net: expected off or allow"),
        ({"allow": ["*.com"]}, '--allow: "*.com" would take in hosts of strangers: com is a top-level domain'),
        ({"allow": ["*"]}, "would allow every host"),
        ({"allow": ["host"]}, "name the port of its service"),
        ({"deny": ["*"]}, '--deny: to deny every host, write mode = "off"'),
        ({"publish": ["0"]}, "--publish: expected a port such as 3000"),
        ({"allow": ["10.0.0.1:80"]}, "is an address, not a name"),
        ({"limit": ["memry=1GiB"]}, "did you mean memory?"),
        ({"limit": ["wall"]}, "--limit: expected NAME=VALUE"),
        ({"limit": ["wall=5"]}, "expected a duration"),
        ({"limit": ["processes=٣"]}, "expected a whole number"),
        ({"env": ["=x"]}, "--env: expected the name of a variable"),
        ({"env": [""]}, "--env: expected the name of a variable"),
        ({"env": ["A*=x"]}, "--env: expected the name of a variable"),
        ({"accept": ["Nope!"]}, "--accept: expected the name of a gap"),
        ({"mask": ["!x"]}, "--mask: masks only add up"),
        ({"read": ["~other/x"]}, "--read: only ~ and ~/"),
    ],
)
def test_a_wrong_flag_is_named_with_what_was_expected(given, said):
    with pytest.raises(PolicyError) as caught:
        flags_layer(given, base="/here")
    assert said in caught.value.what
    assert caught.value.exit_code == 126


def test_all_wrong_flags_are_reported_together_and_secrets_are_not_quoted():
    with pytest.raises(PolicyError) as caught:
        flags_layer({"workspace": "x", "env": ["A=hunter2\0"], "net": "y"})
    assert len(caught.value.why.splitlines()) == 2
    assert "hunter2" not in caught.value.what + caught.value.why


def test_an_unknown_flag_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        flags_layer({"wrkspace": "live"})
