"""What paths of the host are."""

from __future__ import annotations

import pytest

from paddock.checking.facts.host_path import read
from paddock.checking.facts.places import kinds, variables


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("${localEnv:HOME}", "home"),
        ("/", "home"),
        ("/etc", "home"),
        ("C:\\", "home"),
        ("~/.ssh", "credential"),
        ("~/.ssh/id_ed25519", "credential"),
        ("~/.ssh/id_ed25519.pub", ""),
        ("~/.ssh/known_hosts", ""),
        ("~/.aws/config", "credential"),
        ("~/.config", "credential"),
        ("~/.config/gh", "credential"),
        ("~/.config/htop", ""),
        ("~/.local", "credential"),
        ("~/.m2", "cache"),
        ("~/.m2/settings.xml", "cache credential"),
        ("~/.cargo/bin", "cache startup"),
        ("~/.gitconfig", "git-config"),
        ("~/.gitignore", ""),
        ("~/.bash_history", "history"),
        ("~/.zshrc", "startup"),
        ("~/.claude", "credential"),
        ("~/keys/server.pem", "credential"),
        ("~/projects/other", ""),
        ("~/.docker/run/docker.sock", "credential engine-socket socket"),
        ("/var/run/docker.sock", "engine-socket socket"),
        ("/run", "credential engine-socket tmp"),
        ("//./pipe/docker_engine", "engine-socket"),
        ("\\\\.\\pipe\\docker_engine", "engine-socket"),
        ("${localEnv:XDG_RUNTIME_DIR}/podman/podman.sock", "engine-socket socket tmp"),
        ("${localEnv:XDG_RUNTIME_DIR}", "tmp"),
        ("${localEnv:SSH_AUTH_SOCK}", "agent"),
        ("$SSH_AUTH_SOCK", "agent"),
        ("/run/host-services/ssh-auth.sock", "agent socket"),
        ("/tmp/.X11-unix", "display tmp"),
        ("/tmp", "tmp"),
        ("/proc", "system"),
        ("/dev", "system tmp"),
        ("/dev/ttyUSB0", "device"),
        ("/dev/sda", "device system"),
        ("/dev/null", "harmless"),
        ("/etc/localtime", "harmless"),
        ("/etc/ssl/certs/ca.pem", "credential harmless"),
        ("/usr/bin", "startup"),
        ("/srv/data", ""),
        ("/run/mysqld/mysqld.sock", "socket"),
        ("${localWorkspaceFolder}/.ssh", ""),
        ("./certs/key.pem", ""),
        ("${localEnv:DATA}", ""),
        ("$DATA/x.sock", "socket"),
    ],
)
def test_a_path_is_what_the_table_says(path: str, expected: str) -> None:
    found = kinds(read(path), path.replace("\\", "/"))
    wanted = set(expected.split())
    assert found >= wanted
    assert found - wanted <= {"tmp", "system"}, found


def test_variables_name_places_too() -> None:
    assert variables()["SSH_AUTH_SOCK"] == "agent"
    assert "PATH" not in variables()
