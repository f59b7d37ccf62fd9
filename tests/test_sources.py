"""Finding and reading policy files: each once, none through a link of the repository, and a floor that is one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import sources, state
from paddock.errors import PaddockError, PolicyError
from paddock.policy.flags import flags_layer

if TYPE_CHECKING:
    from paddock.policy.model import Policy

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository, a home, and a floor of the test's own."""
    return Place(tmp_path, monkeypatch)


class Place:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository = tmp_path / "repo"
        self.home = tmp_path / "home"
        self.etc = tmp_path / "etc"
        for folder in (self.repository, self.home / ".config/paddock", self.etc):
            folder.mkdir(parents=True)
            folder.chmod(0o755)
        monkeypatch.setattr(state, "FLOOR", str(self.etc / "policy.toml"))
        self.environ = {"HOME": str(self.home)}

    def person(self, text: str) -> Path:
        return self._write(self.home / ".config/paddock/policy.toml", text)

    def floor(self, text: str) -> Path:
        return self._write(self.etc / "policy.toml", text)

    def file(self, text: str, name: str = "paddock.toml") -> Path:
        (self.repository / name).parent.mkdir(exist_ok=True)
        return self._write(self.repository / name, text)

    @staticmethod
    def _write(path: Path, text: str) -> Path:
        path.write_text(text)
        path.chmod(0o644)
        return path

    def load(self, **flags: object) -> Policy:
        return sources.load(str(self.repository), flags_layer(flags), self.environ)

    def refused(self) -> PolicyError:
        with pytest.raises(PolicyError) as caught:
            self.load()
        assert caught.value.exit_code == 126
        return caught.value


def test_without_files_the_defaults_hold(place):
    assert place.load().workspace_mode.origin.kind == "built-in"
    assert sources.load(str(place.repository), None, place.environ) == place.load()


def test_the_persons_and_the_repositorys_files_and_flags_take_part(place):
    place.person('[workspace]\nmode = "live"\n')
    place.file('[limits]\nwall = "1h"\n')
    policy = place.load(net="allow")
    assert policy.workspace_mode.origin.where == f"{place.home}/.config/paddock/policy.toml:2"
    assert str(policy.limits[-1].origin) == "repository paddock.toml:2"
    assert policy.network_mode.origin.kind == "flag"


def test_xdg_config_home_moves_the_persons_file(place, tmp_path):
    (tmp_path / "xdg/paddock").mkdir(parents=True)
    (tmp_path / "xdg/paddock/policy.toml").write_text('[network]\nmode = "allow"\n')
    place.environ["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert place.load().network_mode.value == "allow"


def test_a_repositorys_file_is_trusted_only_when_pinned(place):
    from paddock import trust

    place.file('[network]\nmode = "allow"\n')
    assert place.load().network_mode.value == "off"
    document = sources.gather(str(place.repository), place.environ).document
    assert document
    trust.trust(document, place.environ)
    assert place.load().network_mode.value == "allow"
    place.file('[network]\nmode = "allow" \n')
    assert place.load().network_mode.value == "off"


def test_relative_paths_count_from_the_repository_also_in_a_container_file(place):
    place.file(
        '{"customizations": {"paddock": {"workspace": {"read": ["../lib"]}}}}', ".devcontainer/devcontainer.json"
    )
    layers = sources.gather(str(place.repository), place.environ).layers
    assert layers[0].settings[0].value[0].value == f"{place.repository}/../lib"  # type: ignore[index,union-attr]
    place.person('[workspace]\nread = ["../lib"]\n')
    assert "absolute path" in place.refused().what


# Development containers


@pytest.mark.parametrize("name", [".devcontainer/devcontainer.json", ".devcontainer.json"])
def test_a_container_file_holds_a_policy_too(place, name):
    place.file('{"customizations": {"paddock": {"limits": {"wall": "1h"}}}}', name)
    assert place.load().limits[-1].origin.where == f"{name}:1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paddock.toml", ".devcontainer.json"),
        ("paddock.toml", ".devcontainer/devcontainer.json"),
        (".devcontainer/devcontainer.json", ".devcontainer.json"),
    ],
)
def test_two_policies_in_one_repository_are_an_error_that_names_both(place, one, other):
    ours = '{"customizations": {"paddock": {}}}'
    place.file("" if one == "paddock.toml" else ours, one)
    place.file(ours, other)
    assert place.refused().what == f"{one} and {other} both hold a policy"


def test_container_files_without_our_section_do_not_count(place):
    place.file("[limits]\nwall = '1h'\n")
    place.file('{"image": "x"}', ".devcontainer/devcontainer.json")
    place.file('{"image": "paddock"}', ".devcontainer.json")
    found = sources.gather(str(place.repository), place.environ)
    assert found.document
    assert found.document.where == "paddock.toml"
    assert found.notes == ()


def test_the_file_that_trust_is_about_is_the_one_with_the_policy(place):
    place.file('{"image": "paddock"}', ".devcontainer/devcontainer.json")
    place.file('{"customizations": {"paddock": {"network": {"mode": "allow"}}}}', ".devcontainer.json")
    document = sources.gather(str(place.repository), place.environ).document
    assert document
    assert document.path == f"{place.repository}/.devcontainer.json"


def test_a_broken_container_file_that_seems_to_hold_a_policy_stops_a_run(place):
    place.file('{"customizations": {"paddock": {"limits": {"wall": "1h"}}} "x"}', ".devcontainer.json")
    assert place.refused().what.startswith(".devcontainer.json:1:")


def test_broken_container_files_are_remarked_and_do_not_stop_a_run(place):
    place.file('{"name": "paddock" ', ".devcontainer/devcontainer.json")
    (place.repository / ".devcontainer.json").symlink_to("elsewhere.json")
    notes = place.load().notes
    assert len(notes) == 2
    assert all(note.endswith("no policy was taken from it") for note in notes)


@pytest.mark.parametrize("make", ["link", "file", "nothing inside", "directory"])
def test_an_odd_devcontainer_directory_does_not_stop_a_run(place, tmp_path, make):
    folder = place.repository / ".devcontainer"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "devcontainer.json").write_text('{"customizations": {"paddock": {"limits": {"wall": "1s"}}}}')
    if make == "link":
        folder.symlink_to(outside)
    elif make == "file":
        folder.write_text("x")
    elif make == "directory":
        (folder / "devcontainer.json").mkdir(parents=True)
    else:
        folder.mkdir()
    policy = place.load()
    assert policy.limits[-1].value == 4 * 3600
    assert len(policy.notes) == (1 if make in ("link", "directory") else 0)


# What is no file


def test_a_repositorys_file_is_never_read_through_a_link(place, tmp_path):
    target = tmp_path / "other.toml"
    target.write_text("")
    (place.repository / "paddock.toml").symlink_to(target)
    assert place.refused().what == "paddock.toml is a symbolic link"
    (place.repository / "paddock.toml").unlink()
    (place.repository / "paddock.toml").symlink_to("nowhere")
    assert place.refused().what == "paddock.toml is a symbolic link"


@pytest.mark.parametrize("kind", ["directory", "FIFO", "socket"])
def test_what_is_no_regular_file_is_an_error_and_never_hangs(place, kind, monkeypatch):
    path = place.repository / "paddock.toml"
    if kind == "directory":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        monkeypatch.chdir(place.repository)
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("paddock.toml")
    assert place.refused().what.startswith("paddock.toml ")


@pytest.mark.user
def test_an_unreadable_file_is_an_error(place):
    place.file("").chmod(0)
    assert place.refused().what == "paddock.toml cannot be read"
    assert "ermission" in place.refused().why


def test_a_file_that_is_too_large_is_an_error(place):
    path = place.file("#" * 2**20)
    place.load()
    path.write_text("#" * 2**20 + "\n")
    assert place.refused().what == "paddock.toml is larger than 1 MiB"
    with path.open("w") as file:
        file.truncate(2**40)  # sparse: reading it whole would not end well
    assert place.refused().what == "paddock.toml is larger than 1 MiB"


def test_a_missing_repository_is_not_our_error(place):
    assert sources.load(str(place.repository / "nowhere"), None, place.environ).notes == ()


def test_a_repository_whose_name_is_not_text_works(place):
    odd = os.fsdecode(os.fsencode(place.repository) + b"/\xff \n'")
    os.mkdir(odd)
    Path(odd, "paddock.toml").write_text("[workspace]\nread = ['x']\n")
    found = sources.gather(odd, place.environ)
    assert found.document
    assert found.document.path == f"{odd}/paddock.toml"
    assert found.layers[0].settings[0].value[0].value == f"{odd}/x"  # type: ignore[index,union-attr]


# Whose files they are


def test_a_persons_file_may_be_a_link_but_not_writable_by_everybody(place, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text('[network]\nmode = "allow"\n')
    link = place.home / ".config/paddock/policy.toml"
    link.symlink_to(real)
    assert place.load().network_mode.value == "allow"
    real.chmod(0o666)
    assert "can be changed by others" in place.refused().what


def test_a_repositorys_file_that_everybody_may_write_cannot_be_trusted(place):
    path = place.file("")
    path.chmod(0o666)
    document = sources.gather(str(place.repository), place.environ).document
    assert document
    assert "everybody" in document.doubt


@pytest.mark.root
def test_files_of_another_user_are_doubted_or_refused(place):
    os.chown(place.file(""), 1234, 1234)
    document = sources.gather(str(place.repository), place.environ).document
    assert document
    assert document.doubt == "it belongs to another user (uid 1234)"
    os.chown(place.person(""), 1234, 1234)
    assert "uid 1234" in place.refused().why


# The floor


def test_a_floor_that_is_not_roots_stops_everything(place):
    place.floor("")
    if IS_ROOT:
        os.chown(place.etc / "policy.toml", 1234, 0)
    assert "must belong to root" in place.refused().what


@pytest.mark.root
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_floor_that_others_can_write_stops_everything(place, mode, what):
    place.floor("")
    (place.etc if what == "directory" else place.etc / "policy.toml").chmod(mode | 0o111)
    error = place.refused()
    assert "writable by nobody else" in error.what
    assert "chmod go-w" in error.next_step


@pytest.mark.root
def test_a_floor_of_roots_binds(place):
    place.floor('[network]\nmode = "off"\n')
    place.load()
    with pytest.raises(PolicyError, match=r"--net: network\.mode allow loosens the floor"):
        place.load(net="allow")
    place.floor("[netwrk]\n")
    assert place.refused().what.startswith(f"{place.etc}/policy.toml:1: unknown section")


def test_a_floor_that_is_a_link_or_cannot_be_read_stops_everything(place):
    (place.etc / "policy.toml").symlink_to("nowhere")
    assert "symbolic link" in place.refused().what
    (place.etc / "policy.toml").unlink()
    (place.etc / "policy.toml").mkdir()
    assert "a directory" in place.refused().what


@pytest.mark.user
def test_a_floor_behind_a_closed_directory_stops_everything(place):
    place.etc.chmod(0)
    try:
        assert "cannot be read" in place.refused().what
    finally:
        place.etc.chmod(0o755)


# Writing, and the cost of nothing


def test_a_new_file_is_written_and_nothing_is_ever_overwritten(tmp_path):
    path = tmp_path / "x.toml"
    sources.write_new(str(path), "é\n")
    assert path.read_text("utf-8") == "é\n"
    with pytest.raises(PaddockError, match="exists already"):
        sources.write_new(str(path), "other")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(PaddockError, match="exists already"):
        sources.write_new(str(tmp_path / "link"), "x")
    assert not (tmp_path / "target").exists()
    with pytest.raises(PaddockError, match="cannot be written"):
        sources.write_new(str(tmp_path / "no/such/x.toml"), "x")


def test_one_file_can_be_read_by_its_path(tmp_path):
    (tmp_path / "x.toml").write_text("a = 1")
    assert sources.read_file(str(tmp_path / "x.toml"), "person").raw == b"a = 1"
    with pytest.raises(PolicyError, match="does not exist"):
        sources.read_file(str(tmp_path / "y.toml"), "person")


PARSERS = {
    "tomllib", "json", "re", "difflib", "hashlib", "ipaddress", "argparse", "datetime", "bisect", "contextlib",
    "paddock.policy.parsing", "paddock.policy.schema", "paddock.policy.template", "paddock.trust",
}  # fmt: skip


def loaded(place: Place, options: str) -> set[str]:
    """What `load` imports, as a fresh interpreter sees it."""
    script = f"""
import sys
before = set(sys.modules)
from paddock import sources, state
from paddock.cli.flags import layer_from_flags
state.FLOOR = {state.FLOOR!r}
class Options: {options}
sources.load({str(place.repository)!r}, layer_from_flags(Options), {place.environ!r})
print(*sorted(set(sys.modules) - before))
"""
    environ = {"PYTHONPATH": str(Path(sources.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-S", "-c", script], env=environ, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_run_without_policy_files_imports_no_parser(place):
    assert not loaded(place, "pass") & (PARSERS | {"paddock.policy.checking", "paddock.policy.flags"})


def test_flags_import_no_parser_of_files_either(place):
    assert not loaded(place, 'net = "allow"; allow = ["a.example"]; limit = ["wall=1h"]') & PARSERS


def test_a_container_file_without_our_section_imports_no_json(place):
    place.file('{"image": "x"}', ".devcontainer.json")
    assert not loaded(place, "pass") & {"tomllib", "json", "re"}


def test_a_repository_may_be_named_through_a_link(place, tmp_path):
    place.file('[limits]\nwall = "1h"\n')
    (tmp_path / "link").symlink_to(place.repository)
    found = sources.gather(str(tmp_path / "link"), place.environ)
    assert found.document
    assert found.document.path == f"{place.repository}/paddock.toml"


@pytest.mark.user
def test_a_repository_that_cannot_be_searched_stops_everything(place, tmp_path):
    place.repository.parent.chmod(0)
    try:
        assert "cannot be" in place.refused().what
    finally:
        place.repository.parent.chmod(0o755)
