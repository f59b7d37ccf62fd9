"""From a folder to a configuration; real files by the hundred, broken ones by the thousand; the reference CLI beside it."""

from __future__ import annotations

import functools
import json
import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from paddock.devcontainer import finding, jsonc, properties, reading, workspace
from paddock.devcontainer.document import Broken
from paddock.devcontainer.files import Unread
from paddock.devcontainer.substitution import substitute
from paddock.frozen import replace
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.devcontainer.document import Node

DATA = os.environ.get("PADDOCK_DATA", "")
CORPUS = Path(DATA, "devcontainers")
NO_JSON = "019.json"  # a template with placeholders
here = pytest.mark.skipif(not DATA, reason="PADDOCK_DATA names no folder of real files")


@functools.cache
def corpus() -> tuple[tuple[str, bytes], ...]:
    return tuple((path.name, path.read_bytes()) for path in sorted(CORPUS.glob("*.json")))


def put(root: Path, text: str, name: str = ".devcontainer.json") -> finding.Found:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return finding.find(str(root))


@pytest.mark.parametrize(
    ("folder", "command", "message"),
    [
        ("/" + "a" * 100_000, "x", "a path has at most 4096 characters"),
        ("${containerWorkspaceFolder}" * 4000, "x", "a path has at most 4096 characters"),
        ("/${containerWorkspaceFolder}" * 100, "x", "a path has at most 4096 characters"),
        (
            "/" + "a" * 4000,
            "${containerWorkspaceFolder} " * 8000,
            "with its variables, this has 262144 characters more",
        ),
    ],
)
def test_variables_do_not_make_a_small_file_a_huge_one(tmp_path: Path, folder: str, command: str, message: str) -> None:
    found = put(tmp_path, json.dumps({"image": "a", "workspaceFolder": folder, "postCreateCommand": command}))
    with pytest.raises(Broken, match=message):
        reading.read(found)


def test_a_file_is_read_with_what_is_known_here_and_nothing_of_the_host(tmp_path: Path) -> None:
    found = put(tmp_path, '{"image": "${localEnv:HOME}${containerWorkspaceFolder}", "name": "${devcontainerId}"}')
    read = reading.read(found)
    assert read.image is not None
    assert read.image.value == "${localEnv:HOME}/workspaces/" + tmp_path.name
    assert read.image.origin.where == ".devcontainer.json:1:11"
    assert (read.layer, read.name) == ("file", ".devcontainer.json")
    told = reading.read(found, environment={"HOME": "/h"}, with_id=True)
    assert told.image is not None
    assert told.image.value == f"/h/workspaces/{tmp_path.name}"
    assert told.title is not None
    assert len(told.title.value) == 52


def test_an_override_is_read_in_place_of_the_file(tmp_path: Path) -> None:
    put(tmp_path, '{"image": "a"}')
    (tmp_path / "mine.json").write_text('{"image": "b"}')
    read = reading.read(finding.find(str(tmp_path), override=f"{tmp_path}/mine.json"))
    assert read.image is not None
    assert (read.image.value, read.layer) == ("b", "override")


def test_a_file_that_became_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    found = put(tmp_path / "repo", "{}")
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "repo" / ".devcontainer.json").unlink()
    (tmp_path / "repo" / ".devcontainer.json").symlink_to("../secret")
    with pytest.raises(Unread):
        reading.read(found)


def test_a_workspace_folder_that_names_no_variable_stops_nothing_but_is_said(tmp_path: Path) -> None:
    read = reading.read(put(tmp_path, '{"image": "a${containerWorkspaceFolder}", "workspaceFolder": "/${localEnv}"}'))
    assert read.image is not None
    assert read.image.value == "a/${localEnv}"
    assert [(flaw.code, flaw.place.column) for flaw in read.flaws] == [("nameless-variable", 62)]


@pytest.mark.parametrize("size", [jsonc.LARGEST + 1, 10_000_000])
def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(tmp_path: Path, size: int) -> None:
    with pytest.raises(Unread, match="cannot be read") as caught:
        reading.read(put(tmp_path, " " * size))
    assert caught.value.why == f"it has more than {jsonc.LARGEST} bytes"


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for inner in (*(member.node for member in node.members), *node.items):
        yield from nodes(inner)


@here
def test_every_real_file_is_read_or_refused_with_a_place() -> None:
    assert len(corpus()) >= 180
    broken = {}
    for name, raw in corpus():
        try:
            document = jsonc.parse(name, jsonc.decode(name, raw))
        except Broken as error:
            broken[name] = error
            continue
        read = properties.read(document, "file", name)
        assert read.image or read.build or read.compose_files, name
        assert [flaw for flaw in read.flaws if flaw.code in ("wrong-type", "mount-syntax", "nameless-variable")] == []
        for node in nodes(document.root):
            own = document.text[node.place.offset : node.place.end]
            assert jsonc.parse(name, own).root.data() == node.data()
    assert list(broken) == [NO_JSON]
    assert str(broken[NO_JSON].place) == f"{NO_JSON}:76:21"


TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"//", b"/*", b"*/", b"null", b"1e9", b"\\", b"\0", b"\xff", b"\xef\xbb\xbf", b"\\ud800", b"${localEnv}", b"__proto__"]  # fmt: skip


VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|true|false|null|\d+|\[[^\[\]]*\]|\{[^{}]*\}')


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """One to three changes: a bit, a cut, a piece that moves, a token put in or exchanged, a value in place of another."""
    for _ in range(chance.randint(1, 3)):
        at, past = sorted(chance.choices(range(len(raw) + 1), k=2))
        match chance.randrange(6):
            case 5 if values := [found.span() for found in VALUE.finditer(raw)]:
                (at, past), (start, end) = chance.choices(values, k=2)
                raw = raw[:at] + raw[start:end] + raw[past:]
            case 0 if at < len(raw):
                raw = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]
            case 1:
                raw = raw[:at]
            case 2:
                raw = raw[:at] + raw[past:] + raw[at:past]
            case 3:
                raw = raw[:at] + chance.choice(TOKENS) + raw[at:]
            case _:
                raw = raw.replace(chance.choice(TOKENS), chance.choice(TOKENS), chance.choice([1, -1]))
    return raw


@here
def test_no_mutation_of_a_real_file_is_too_odd() -> None:
    """Read, or refused at a place within the text; PADDOCK_FUZZ=N makes N of each file, other ones each time."""
    rounds = int(os.environ.get("PADDOCK_FUZZ", "0"))
    chance = random.Random(None if rounds else 6)
    for name, raw in corpus():
        for _ in range(rounds or 8):
            changed = mutated(raw, chance)
            error = refused(name, changed)
            if error:
                text = changed.decode(errors="replace")
                assert 0 <= error.place.offset <= len(text), changed
                assert error.place.line <= text.count("\n") + 1, changed


def refused(name: str, raw: bytes) -> Broken | None:
    try:
        properties.read(jsonc.parse(name, jsonc.decode(name, raw)), "file", name)
    except Broken as error:
        return error
    return None


NAMES = ["SET", "EMPTY", "NOT", "", "a b"]
PIECES = st.one_of(
    st.builds("${{{}:{}}}".format, st.sampled_from(["env", "localEnv", "containerEnv"]), st.sampled_from(NAMES)),
    st.builds("${{localEnv:{}:{}}}".format, st.sampled_from(NAMES), st.sampled_from(["d", "", "d:e", "${localEnv:SET}", "é"])),
    st.sampled_from([
        "${localWorkspaceFolder}", "${localWorkspaceFolderBasename}", "${containerWorkspaceFolder}", "${unknown}",
        "${containerWorkspaceFolderBasename}", "${devcontainerId}", "${unknown:x}", "${", "}", "$", "x", " ", "\n", "\u2028", "é",
    ]),
)  # fmt: skip
LINES = st.lists(PIECES, max_size=4).map("".join)
FILES = st.fixed_dictionaries(
    {"image": st.just("base"), "name": LINES, "customizations": st.lists(LINES, min_size=30, max_size=60)},
    optional={
        "workspaceFolder": LINES.map("/w/".__add__),
        "workspaceMount": LINES,
        "dockerComposeFile": st.just("c.yml"),
    },
)


def resolved(found: finding.Found, environment: dict[str, str]) -> dict[str, Any]:
    """What the reference prints of a file: all values substituted, and where the workspace is."""
    document = reading.load(found)
    known = reading.context(found, document, environment=environment)

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return substitute(value, known) if isinstance(value, str) else value

    place = workspace.of(document.root, found.folder, found.repository)
    configuration = walk(document.root.data())
    inside = {"workspaceFolder": configuration.get("workspaceFolder", place.folder)}
    mount = configuration.get("workspaceMount", place.mount)
    return {
        "configuration": configuration,
        "workspace": inside if mount is None else {**inside, "workspaceMount": mount},
    }


@needs("node", "npm", "registries")
def test_the_reference_cli_reads_generated_files_the_same(tmp_path: Path, reference: Callable[..., Any]) -> None:
    """Substitution and the workspace's place, on files made anew by a fixed seed."""
    engine = tmp_path / "no-engine"
    engine.write_text("#!/bin/sh\nexit 0\n")
    engine.chmod(0o755)
    environment = {"SET": "a value:${localEnv:EMPTY}", "EMPTY": ""}
    seen: list[Any] = []

    @settings(
        max_examples=int(os.environ.get("PADDOCK_FUZZ", "0")) or 8,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
    )
    @given(FILES, st.sampled_from(["", "/sub"]))
    def differs_nowhere(data: dict[str, Any], below: str) -> None:
        folder = tmp_path / f"r,{len(seen)}"
        (folder / ".git" / "objects").mkdir(parents=True)
        (folder / ".git" / "refs").mkdir()
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        found = put(Path(f"{folder}{below}"), "// a comment\n" + json.dumps(data))
        here = ("--workspace-folder", found.folder, "--docker-path", engine)
        theirs = reference("read-configuration", *here, environ=environment)
        seen.append(theirs)
        theirs["configuration"].pop("configFilePath")
        assert {name: theirs[name] for name in ("configuration", "workspace")} == resolved(found, environment)

    differs_nowhere()
    assert len(seen) >= 8


ENGINE = """#!/bin/sh
case "$1" in
ps) echo 0123456789ab ;;
inspect) echo '[{"Id": "0123456789ab", "Created": "2026-11-21T00:00:00Z", "State": {"Status": "running"}, "Mounts": [],
  "Config": {"Image": "base", "User": "", "Env": ["SET=inside:${localEnv:SET}", "EMPTY="],
  "Labels": {"devcontainer.config_file": "x", "devcontainer.metadata": "[]"}},
  "NetworkSettings": {"Ports": {}}}]' ;;
esac
"""


@needs("node", "npm", "registries")
def test_the_reference_cli_makes_the_same_id_and_reads_the_containers_environment_the_same(
    tmp_path: Path, reference: Callable[..., Any]
) -> None:
    engine = tmp_path / "engine"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    texts = [
        "${devcontainerId}",
        "${containerEnv:SET}|${containerEnv:NOT:d:e}|${containerEnv:EMPTY:d}",
        "${localEnv:ASKS}",
    ]
    asked = {"SET": "outside", "ASKS": "${containerEnv:SET} ${devcontainerId}"}
    found = put(tmp_path / "rép o", json.dumps({"image": "base", "customizations": texts}))
    theirs = reference("read-configuration", "--workspace-folder", found.folder, "--docker-path", engine, environ=asked)
    known = reading.context(found, reading.load(found), environment=asked, with_id=True)
    known = replace(known, container_environment={"SET": "inside:${localEnv:SET}", "EMPTY": ""})
    assert theirs["configuration"]["customizations"] == [substitute(text, known) for text in texts]
    assert len(theirs["configuration"]["customizations"][0]) == 52
