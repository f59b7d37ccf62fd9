"""What of the host must not be in the container, whoever asks for it."""

from __future__ import annotations

import pytest

from tests.checking.scenes import Scene, compose, feature, file, flags, hook, label, mount, of

SOCKET = "/var/run/docker.sock"


def bind(source: str, options: str = "") -> str:
    return f"type=bind,source={source},target=/mnt/x{options}"


FOUND = [
    ("DC101", "a default of a variable", mount(bind("${localEnv:SOCK:/var/run/docker.sock}"))),
    ("DC101", "Windows' pipe, by its type", mount("type=npipe,source=\\\\.\\pipe\\docker_engine,target=/x")),
    (
        "DC102",
        "HOME as the workspace",
        file(workspaceMount="type=bind,source=${localEnv:HOME},target=/w", workspaceFolder="/w"),
    ),
    ("DC102", "the root as the workspace", file(workspaceMount="type=bind,source=/,target=/w", workspaceFolder="/w")),
    ("DC103", "a variable of compose, without braces", compose("volumes: ['$HOME/.aws:/a']")),
    ("DC103", "the directory of settings", mount(bind("${localEnv:XDG_CONFIG_HOME}/gh"))),
    ("DC103", "Windows' directory of settings", mount(bind("${localEnv:APPDATA}/gcloud"))),
    ("DC110", "systemd's sockets", mount(bind("/run/systemd"))),
    ("DC110", "a person's images", mount(bind("${localEnv:HOME}/.local/share/containers"))),
    (
        "DC110",
        "a disk as a volume",
        mount("type=volume,source=v,target=/x,volume-opt=type=ext4,volume-opt=device=/dev/sda1"),
    ),
    ("DC114", "the engine's settings", mount(bind("/etc/docker"))),
    ("DC101", "given by the engine itself", flags("--use-api-socket")),
    ("DC101", "given to a service by the engine itself", compose("use_api_socket: true")),
    ("DC101", "docker.sock", mount(bind(SOCKET))),
    ("DC101", "docker.sock, read-only", mount(bind(SOCKET, ",readonly"))),
    ("DC101", "docker.sock in the object form", mount({"type": "bind", "source": SOCKET, "target": "/x"})),
    ("DC101", "docker.sock by -v", flags("-v", f"{SOCKET}:/x")),
    ("DC101", "docker.sock by -v attached", flags(f"-v{SOCKET}:/x")),
    ("DC101", "docker.sock by --mount", flags(f"--mount={bind(SOCKET)}")),
    ("DC101", "the directory that holds it", mount(bind("/var/run"))),
    ("DC101", "podman's socket of a person", mount(bind("${localEnv:XDG_RUNTIME_DIR}/podman/podman.sock"))),
    ("DC101", "a way around by dots", mount(bind("/srv/../run/docker.sock"))),
    ("DC101", "Windows' pipe", mount(bind("//./pipe/docker_engine"))),
    ("DC101", "by a compose file", compose(f"volumes: ['{SOCKET}:/x']")),
    ("DC101", "by the label alone", label(mounts=[bind(SOCKET)])),
    ("DC101", "by a Feature alone", feature(mounts=[bind(SOCKET)])),
    ("DC101", "an engine on the network", file(containerEnv={"DOCKER_HOST": "tcp://192.0.2.1:2375"})),
    ("DC102", "HOME", mount(bind("${localEnv:HOME}"))),
    ("DC102", "HOME of either system", mount(bind("${localEnv:HOME}${localEnv:USERPROFILE}", ",readonly"))),
    ("DC102", "the root", flags("--volume=/:/host:ro")),
    ("DC102", "somebody's home", mount(bind("/home/ann"))),
    ("DC102", "a drive", mount(bind("C:\\"))),
    ("DC102", "by the label alone", label(mounts=[bind("${localEnv:HOME}")])),
    ("DC103", "~/.ssh", mount(bind("${localEnv:HOME}/.ssh"))),
    ("DC103", "~/.ssh by the label alone", label(mounts=[bind("${localEnv:HOME}/.ssh")])),
    ("DC103", "a key", mount(bind("${localEnv:HOME}/.ssh/id_ed25519", ",readonly"))),
    ("DC103", "an agent's login", flags("-v", "${localEnv:HOME}/.claude:/home/dev/.claude")),
    ("DC103", "with a default", mount(bind("${localEnv:HOME:/root}/.aws"))),
    ("DC103", "what holds it", mount(bind("${localEnv:HOME}/.config"))),
    ("DC103", "in a compose file", compose("volumes: ['~/.kube:/k:ro']")),
    ("DC103", "named by a variable", mount(bind("${localEnv:KUBECONFIG}"))),
    ("DC104", "~/.gitconfig", mount(bind("${localEnv:HOME}/.gitconfig", ",ro"))),
    ("DC105", "ssh-agent", mount(bind("${localEnv:SSH_AUTH_SOCK}"))),
    ("DC105", "Docker Desktop's ssh-agent", mount(bind("/run/host-services/ssh-auth.sock"))),
    ("DC105", "the variable", file(remoteEnv={"SSH_AUTH_SOCK": "/ssh-agent"})),
    ("DC105", "gpg-agent", flags("-v", "/run/user/1000/gnupg/S.gpg-agent:/x")),
    ("DC105", "by a Feature alone", feature(mounts=[bind("${localEnv:SSH_AUTH_SOCK}")])),
    ("DC106", "X11", mount(bind("/tmp/.X11-unix"))),
    ("DC106", "a display on the network", flags("-e", "DISPLAY=host.docker.internal:0")),
    ("DC106", "xhost", hook("xhost +local:docker", "initializeCommand")),
    ("DC106", "D-Bus", mount(bind("/run/dbus/system_bus_socket"))),
    ("DC110", "/proc", mount(bind("/proc"))),
    ("DC110", "the engine's storage", compose("volumes: ['/var/lib/docker:/d']")),
    ("DC110", "a disk", mount(bind("/dev/sda"))),
    ("DC110", "a shared mount", mount(bind("${localWorkspaceFolder}/x", ",bind-propagation=rshared"))),
    ("DC110", "a shared mount by -v", flags("-v", "/srv/x:/x:ro,shared")),
    ("DC111", "another container's", flags("--volumes-from", "other")),
    ("DC112", "a socket", mount(bind("/run/mysqld/mysqld.sock", ",readonly"))),
    ("DC112", "an editor's", mount(bind("/tmp/vscode-ipc-1234.sock"))),
    ("DC113", "bash", mount(bind("${localEnv:HOME}/.bash_history"))),
    ("DC114", "a shell's file", mount(bind("${localEnv:HOME}/.zshrc"))),
    ("DC114", "programs", flags("-v", "${localEnv:HOME}/.local/bin:/b")),
    ("DC114", "the system's programs", mount(bind("/usr/bin"))),
    ("DC115", "/tmp", mount(bind("/tmp"))),
    ("DC115", "a person's sockets", mount(bind("/run/user/1000"))),
    (
        "DC116",
        "device and bind",
        mount("type=volume,source=v,target=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/srv/x"),
    ),
]
QUIET = [
    ("DC101", "a default that is none", mount(bind("${localEnv:DATA:/srv/data}"))),
    ("DC101", "not given by the engine", flags("--use-api-socket=false")),
    ("DC101", "a socket of one's own", mount(bind("${localWorkspaceFolder}/run/app.sock"))),
    ("DC101", "an engine inside", file(containerEnv={"DOCKER_CERT_PATH": "/certs"})),
    ("DC101", "runArgs, which compose ignores", compose(runArgs=["-v", f"{SOCKET}:/x"])),
    ("DC101", "a volume of that name", mount("type=volume,source=docker.sock,target=/x")),
    ("DC101", "the target alone", mount(f"type=volume,source=v,target={SOCKET}")),
    ("DC102", "the workspace", mount(bind("${localWorkspaceFolder}"))),
    ("DC102", "a directory of the home", mount(bind("${localEnv:HOME}/projects"))),
    ("DC102", "HOME as text in a target", mount("type=volume,source=v,target=/home/dev")),
    ("DC103", "a public key", mount(bind("${localEnv:HOME}/.ssh/id_ed25519.pub", ",readonly"))),
    ("DC103", "hosts that are known", mount(bind("${localEnv:HOME}/.ssh/known_hosts", ",readonly"))),
    ("DC103", "certificates", mount(bind("/etc/ssl/certs/ca.pem", ",readonly"))),
    ("DC103", "of the workspace", mount(bind("${localWorkspaceFolder}/.aws"))),
    ("DC103", "a volume with such a target", mount("type=volume,source=v,target=/home/dev/.ssh")),
    ("DC104", "the repository's", mount(bind("${localWorkspaceFolder}/.gitconfig"))),
    ("DC104", "ignored names", mount(bind("${localEnv:HOME}/.gitignore"))),
    ("DC105", "an empty variable", file(remoteEnv={"SSH_AUTH_SOCK": ""})),
    ("DC105", "a variable taken away", file(remoteEnv={"SSH_AUTH_SOCK": None})),
    ("DC106", "a display inside", file(containerEnv={"DISPLAY": ":1"})),
    ("DC106", "xhost inside", hook("xhost +local:docker")),
    ("DC106", "xhost that closes", hook("xhost -local:docker", "initializeCommand")),
    ("DC110", "nothing, in its place", mount(bind("/dev/null", ",readonly"))),
    ("DC110", "private", mount(bind("${localWorkspaceFolder}/x", ",bind-propagation=rprivate"))),
    ("DC111", "a volume", flags("-v", "other:/x")),
    ("DC112", "what docker.sock's rule says", mount(bind(SOCKET))),
    (
        "DC113",
        "a volume with a history",
        mount("type=volume,source=h-${devcontainerId},target=/home/dev/.bash_history"),
    ),
    ("DC114", "read-only", mount(bind("${localEnv:HOME}/.zshrc", ",readonly"))),
    ("DC114", "an image's files", mount(bind("/usr/share/fonts", ",readonly"))),
    ("DC115", "a directory in it", mount(bind("/tmp/project/cache"))),
    ("DC115", "a tmpfs", mount("type=tmpfs,target=/tmp,tmpfs-size=1g")),
    ("DC116", "a volume of NFS", mount("type=volume,source=v,target=/x,volume-opt=type=nfs,volume-opt=device=:/x")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


@pytest.mark.parametrize(
    ("rule", "scene", "severity"),
    [
        ("DC103", mount(bind("${localEnv:HOME}/.aws")), "critical"),
        ("DC103", mount(bind("${localEnv:HOME}/.aws", ",readonly")), "high"),
        (
            "DC103",
            mount({"type": "bind", "source": "${localEnv:HOME}/.aws", "target": "/x", "readonly": True}),
            "critical",
        ),
        ("DC104", mount(bind("${localEnv:HOME}/.gitconfig")), "high"),
        ("DC104", mount(bind("${localEnv:HOME}/.gitconfig", ",readonly")), "medium"),
        ("DC110", mount(bind("/lib/modules", ",readonly")), "high"),
        ("DC110", mount(bind("/lib/modules")), "critical"),
    ],
)
def test_what_is_writable_is_worse(rule: str, scene: Scene, severity: str) -> None:
    assert [one.severity for one in of(rule, scene)] == [severity]


@pytest.mark.parametrize("scene", [label(mounts=[bind(SOCKET)]), feature(mounts=[bind(SOCKET)])])
def test_it_says_who_brings_a_mount_that_the_file_does_not_name(scene: Scene) -> None:
    (found,) = of("DC101", scene)
    assert (
        "by the label of the image registry.example.test/base:1" in found.message
        or "by the Feature ./extra" in found.message
    )
    assert found.source.layer in ("label", "feature")
    assert found.source.place
    assert found.edits == ()  # that file is somebody else's
