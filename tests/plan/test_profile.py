from __future__ import annotations

from paddock.agents.profile import load


def test_the_keys_of_a_profile_are_those_of_its_services_each_once() -> None:
    assert load("copilot").keys == (
        "COPILOT_PROVIDER_BEARER_TOKEN",
        "COPILOT_PROVIDER_API_KEY",
        "COPILOT_GITHUB_TOKEN",
        "GH_TOKEN",
        "GITHUB_TOKEN",
    )
