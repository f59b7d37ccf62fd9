"""The table of a dev container: long values are cut, and a Feature's are told from the file's."""

from __future__ import annotations

import json

from paddock.cli.views import dev_container
from paddock.devcontainer import jsonc, properties
from paddock.devcontainer.document import Place
from paddock.devcontainer.model import Text
from paddock.devcontainer.source import Source
from paddock.frozen import replace

FILE = ".devcontainer.json"


def test_a_long_value_is_cut_in_the_table_and_whole_in_json() -> None:
    command = "x" * 500
    said = properties.read(jsonc.parse(FILE, f'{{"image": "a", "postStartCommand": "{command}"}}'), "file", FILE)
    shown = dev_container.shown(said, ())
    assert max(map(len, shown.text.splitlines())) < 160
    assert "x…" in shown.text
    assert command in json.dumps(shown.data)


def test_what_a_feature_adds_names_it_beside_the_line_that_asks_for_it() -> None:
    said = properties.read(jsonc.parse(FILE, '{"image": "a"}'), "file", FILE)
    origin = Source("feature", "./local", ("capAdd", 0), Place(FILE, 1, 2, 1, 2))
    text = dev_container.shown(replace(said, cap_add=(Text("SYS_PTRACE", origin),)), ()).text
    assert f"{FILE}:1:2 by ./local" in text


def test_a_configuration_that_says_nothing_is_shown_too() -> None:
    said = properties.read(jsonc.parse(FILE, "{}"), "file", FILE)
    assert "is required" in dev_container.shown(said, ()).text
