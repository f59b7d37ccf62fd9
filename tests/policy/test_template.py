"""The default file: valid, explained, and the same as none."""

from __future__ import annotations

import pytest

from paddock.policy.keys import COMING, CREDENTIALS, KEYS
from paddock.policy.layering import built_in, merge
from paddock.policy.parsing import parse_toml
from paddock.policy.template import default_file


@pytest.mark.parametrize("person", [False, True])
def test_it_changes_nothing(person):
    text = default_file(person=person)
    layer = parse_toml(text, "x", "person" if person else "repository")
    assert layer.settings == ()
    assert merge([layer], trusted=True) == merge([], trusted=False)


def test_every_key_stands_there_with_its_default_ready_to_be_changed():
    lines = default_file().splitlines()
    awake = "\n".join(
        line.removeprefix("#") if line.startswith("#") and line[1:2].isalpha() else line for line in lines
    )
    settings = {setting.key: setting.value for setting in parse_toml(awake, "x", "repository").settings}
    assert list(settings) == [full for full in KEYS if full != CREDENTIALS]
    for full, default in built_in().items():
        if full == CREDENTIALS:
            continue
        key, value = KEYS[full], settings[full]
        if isinstance(key.default, tuple):
            assert isinstance(value, tuple)
            assert [getattr(entry, "value", entry) for entry in value] == list(key.default)
        else:
            assert value == default.value


def test_the_example_of_a_credential_is_one():
    text = default_file().partition("# [credentials.")[2].partition("\n\n")[0]
    awake = "[credentials." + text.replace("\n# ", "\n")
    (setting,) = parse_toml(awake, "x", "person").settings
    assert isinstance(setting.value, tuple)
    assert [getattr(entry, "name", "") for entry in setting.value] == ["github"]


def test_what_is_coming_is_only_mentioned():
    text = default_file()
    for name in COMING:
        assert name in text.replace("\n#", "")
    assert all(line.startswith("#") or "registries" not in line for line in text.splitlines())


def test_lines_fit_a_screen():
    assert max(map(len, default_file().splitlines())) <= 120
    assert max(map(len, default_file(person=True).splitlines())) <= 120
