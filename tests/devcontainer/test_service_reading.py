"""The typed values of compose services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.devcontainer.compose_files import read
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.devcontainer.service import Project, Service


def project(folder: Path, text: str) -> Project:
    (folder / "c.yml").write_text(text)
    return read([f"{folder}/c.yml"], "a", str(folder), Source("file", "devcontainer.json"))


def service(folder: Path, text: str) -> Service:
    found = project(folder, f"services:\n  a:\n    {text}\n").service
    assert found
    return found


def test_volumes_have_two_forms_that_mean_the_same(tmp_path: Path) -> None:
    short = service(tmp_path, "volumes: ['./x:/y:ro']").mounts[0]
    long = service(tmp_path, "volumes: [{type: bind, source: x, target: /y, read_only: true}]").mounts[0]
    for one in (short, long):
        assert (one.kind, one.source, one.target, one.read_only) == ("bind", f"{tmp_path}/x", "/y", True)
    assert str(short.origin.place) == "c.yml:3:15"


def test_volumes_keep_the_persons_own_paths_and_names(tmp_path: Path) -> None:
    found = service(tmp_path, "volumes: ['~/.ssh:/s', '${HOME}:/h', 'cache:/c', /anonymous]").mounts
    assert [(one.kind, one.source) for one in found] == [
        ("bind", "~/.ssh"),
        ("bind", "${HOME}"),
        ("volume", "cache"),
        ("volume", ""),
    ]


def test_propagation_is_an_option_as_in_mount(tmp_path: Path) -> None:
    text = "volumes: [{type: bind, source: /x, target: /y, bind: {propagation: shared, create_host_path: true}}]"
    assert service(tmp_path, text).mounts[0].options == (("bind-propagation", "shared"), ("create_host_path", "true"))


def test_a_volume_that_is_a_directory_of_the_host_says_so(tmp_path: Path) -> None:
    text = (
        "services: {a: {volumes: ['vol:/v']}}\nvolumes: {vol: {driver_opts: {type: none, o: 'ro,bind', device: /etc}}}"
    )
    found = project(tmp_path, text)
    assert found.service
    assert found.service.mounts[0].options == (("volume-opt", "o=bind"), ("volume-opt", "device=/etc"))
    assert [(one.kind, one.path) for one in found.shared] == [("volumes", "/etc")]


def test_secrets_of_files_are_mounts(tmp_path: Path) -> None:
    text = "services: {a: {secrets: [k, {source: k, target: /t}, other], configs: [c]}}\n"
    text += "secrets: {k: {file: ../k.pem}, other: {external: true}}\nconfigs: {c: {file: ./c}}"
    found = project(tmp_path, text)
    assert found.service
    assert [(one.source, one.target) for one in found.service.mounts] == [
        (f"{tmp_path.parent}/k.pem", "/run/secrets/k"),
        (f"{tmp_path.parent}/k.pem", "/t"),
        (f"{tmp_path}/c", "/c"),
    ]
    assert all(one.read_only for one in found.service.mounts)
    assert [one.external for one in found.shared] == [False, True, False]


def test_ports_have_two_forms(tmp_path: Path) -> None:
    text = "ports: ['80', '8080:80', '127.0.0.1:1:2/udp', {target: 3, published: '4', host_ip: '::1'}, '[::1]:5:6']"
    found = [(one.address, one.outside, one.inside.partition("/")[0]) for one in service(tmp_path, text).ports]
    assert found == [("", "", "80"), ("", "8080", "80"), ("127.0.0.1", "1", "2"), ("::1", "4", "3"), ("::1", "5", "6")]


def test_variables_have_two_forms_and_keep_what_was_written(tmp_path: Path) -> None:
    for text in ("environment: ['A=${X:-1}', B, C=]", "environment: {A: '${X:-1}', B: , C: ''}"):
        found = service(tmp_path, text).environment
        assert [(one.name, one.value) for one in found] == [("A", "1"), ("B", None), ("C", "")]
        assert found[0].raw == "${X:-1}"


def test_commands_are_texts_for_a_shell(tmp_path: Path) -> None:
    text = "entrypoint: [sh, -c, 'a b']\n    command: x y\n    healthcheck: {test: [CMD-SHELL, 'c | d']}\n"
    text += "    post_start: [{command: [e, f]}]"
    assert [one.value for one in service(tmp_path, text).commands] == ["sh -c 'a b'", "x y", "c | d", "e f"]


def test_builds_have_two_forms(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/Dockerfile").write_text("FROM x:1\nUSER dev\n")
    for text in ("build: ./sub", "build: {context: sub}"):
        found = service(tmp_path, text)
        assert found.build
        assert found.dockerfile
        assert (found.build.context.value, found.dockerfile.file) == (f"{tmp_path}/sub", "sub/Dockerfile")


def test_build_arguments_and_target_reach_the_dockerfile(tmp_path: Path) -> None:
    text = 'build: {dockerfile_inline: "ARG V\\nFROM x:$V AS a\\nFROM y", args: [V=2], target: a}'
    found = service(tmp_path, text).dockerfile
    assert found
    assert found.base
    assert found.base.value == "x:2"


def test_what_has_another_type_is_left_out(tmp_path: Path) -> None:
    found = service(tmp_path, "image: [x]\n    volumes: x\n    ports: {a: 1}\n    environment: 3\n    privileged: {}")
    assert (found.image, found.mounts, found.ports, found.environment, found.privileged) == (None, (), (), (), None)


def test_unknown_keys_are_named(tmp_path: Path) -> None:
    assert [one.value for one in service(tmp_path, "x-mine: 1\n    privilged: true").unknown] == ["privilged"]


def test_a_provider_is_a_program_of_the_host(tmp_path: Path) -> None:
    found = service(tmp_path, "provider: {type: example}").provider
    assert found
    assert found.value == "example"


def test_a_service_needs_those_whose_parts_it_shares(tmp_path: Path) -> None:
    text = "depends_on: {b: {condition: x}}\n    network_mode: service:c\n    volumes_from: ['d:ro', b]\n    links: ['e:alias']"
    assert set(service(tmp_path, text).depends_on) == {"b", "c", "d", "e"}
    assert service(tmp_path, "network_mode: host").depends_on == ()
