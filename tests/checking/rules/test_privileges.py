"""What lets the container do more to the kernel and the host."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, feature, file, flags, label, of

FOUND = [
    ("DC202", "a default of a variable", flags("--cap-add=${localEnv:CAP:SYS_ADMIN}")),
    ("DC204", "SELinux' privileged type", flags("--security-opt", "label=type:spc_t")),
    ("DC205", "a default of a variable", flags("--network=${localEnv:NET:host}")),
    ("DC205", "a pod's", flags("--pod=other")),
    ("DC206", "a directory of devices, mounted", flags("-v", "/dev/bus/usb:/dev/bus/usb")),
    ("DC215", "all groups, by an annotation of the runtime", flags("--annotation", "run.oci.keep_original_groups=1")),
    ("DC216", "a file that the runtime writes", compose("annotations: {run.oci.hooks.stdout: /srv/x}")),
    ("DC201", "the property", file(privileged=True)),
    ("DC201", "what JavaScript takes for true", file(privileged="false")),
    ("DC201", "the flag", flags("--privileged")),
    ("DC201", "the flag with a value", flags("--privileged=true")),
    ("DC201", "the label alone", label(privileged=True)),
    ("DC201", "the label, against the file", replace(label(privileged=True), config={"privileged": False})),
    ("DC201", "a Feature alone", feature(privileged=True)),
    ("DC201", "a service", compose("privileged: true")),
    ("DC202", "the property", file(capAdd=["SYS_ADMIN"])),
    ("DC202", "small letters and a prefix", file(capAdd=["cap_sys_admin"])),
    ("DC202", "several at once", flags("--cap-add=chown,net_raw")),
    ("DC202", "all", flags("--cap-add", "ALL")),
    ("DC202", "the label alone", label(capAdd=["SYS_PTRACE"])),
    ("DC202", "a Feature alone", feature(capAdd=["NET_ADMIN"])),
    ("DC202", "a service", compose("cap_add: [SYS_MODULE]")),
    ("DC203", "unconfined", file(securityOpt=["seccomp=unconfined"])),
    ("DC203", "the older colon", flags("--security-opt", "seccomp:unconfined")),
    ("DC203", "the label alone", label(securityOpt=["seccomp=unconfined"])),
    ("DC203", "a service", compose("security_opt: ['seccomp:unconfined']")),
    ("DC203", "a profile of one's own", flags("--security-opt=seccomp=mine.json")),
    ("DC204", "AppArmor", file(securityOpt=["apparmor=unconfined"])),
    ("DC204", "SELinux", flags("--security-opt", "label:disable")),
    ("DC204", "masks", flags("--security-opt=systempaths=unconfined")),
    ("DC204", "masks of podman", flags("--security-opt=unmask=ALL")),
    ("DC205", "processes", flags("--pid=host")),
    ("DC205", "the network by its short name", flags("--net", "host")),
    ("DC205", "users", flags("--userns=host")),
    ("DC205", "another container's", flags("--pid=container:other")),
    ("DC205", "a service's network", compose("network_mode: host")),
    ("DC205", "a service's processes", compose("pid: host")),
    ("DC206", "a device", flags("--device=/dev/kvm")),
    ("DC206", "a class of devices", flags("--device-cgroup-rule", "c 189:* rmw")),
    ("DC206", "graphics", flags("--gpus", "all")),
    ("DC206", "graphics by a requirement", file(hostRequirements={"gpu": True})),
    ("DC206", "a service's", compose("devices: ['/dev/ttyUSB0:/dev/ttyUSB0']")),
    ("DC212", "false", flags("--security-opt=no-new-privileges=false")),
    ("DC212", "false with a colon", file(securityOpt=["no-new-privileges:false"])),
    ("DC213", "a router", flags("--sysctl", "net.ipv4.ip_forward=1")),
    ("DC213", "the host's", flags("--sysctl=kernel.core_pattern=|/x")),
    ("DC214", "a path", flags("--runtime=/usr/local/bin/run")),
    ("DC214", "an unknown name", flags("--runtime", "sysbox-runc")),
    ("DC215", "docker", flags("--group-add", "docker")),
    ("DC215", "all of the person's", flags("--group-add=keep-groups")),
    ("DC216", "hooks of the runtime", flags("--hooks-dir=/srv/hooks")),
    ("DC216", "the engine's settings", flags("--runtime-flag=debug")),
]
QUIET = [
    ("DC205", "a pod of its own", flags("--pod=new:mine")),
    ("DC206", "nothing, mounted", flags("-v", "/dev/null:/x:ro")),
    ("DC216", "a person's annotation", flags("--annotation=org.example.owner=me")),
    ("DC201", "false", file(privileged=False)),
    ("DC201", "the flag, false", flags("--privileged=false")),
    ("DC201", "the label, false", label(privileged=False)),
    ("DC201", "a flag that compose ignores", compose(runArgs=["--privileged"])),
    ("DC202", "a default one", file(capAdd=["CHOWN"])),
    ("DC202", "one that is dropped", flags("--cap-drop=SYS_ADMIN")),
    ("DC203", "the engine's own", file(securityOpt=["seccomp=builtin"])),
    ("DC204", "a profile of AppArmor", flags("--security-opt", "apparmor:docker-default")),
    ("DC204", "a label", flags("--security-opt=label=type:container_t")),
    ("DC205", "none", flags("--network=none")),
    ("DC205", "private", flags("--pid=private", "--ipc=shareable")),
    ("DC205", "a mapping of users", flags("--userns=keep-id:uid=1000,gid=1000")),
    ("DC205", "host as a value of another flag", flags("--hostname", "host")),
    ("DC206", "graphics, if there are any", file(hostRequirements={"gpu": "optional"})),
    ("DC212", "true", file(securityOpt=["no-new-privileges:true"])),
    ("DC213", "no IPv6", flags("--sysctl=net.ipv6.conf.all.disable_ipv6=1")),
    ("DC213", "no router", flags("--sysctl=net.ipv4.ip_forward=0")),
    ("DC214", "gVisor", flags("--runtime=runsc")),
    ("DC215", "a group of its own", flags("--group-add=dev")),
    ("DC216", "an entrypoint inside", flags("--entrypoint=/x")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


@pytest.mark.parametrize(
    ("capability", "rootful", "rootless"),
    [("SYS_ADMIN", "critical", "high"), ("SYS_PTRACE", "medium", "low")],
)
def test_a_capability_weighs_less_where_the_engine_is_rootless(capability: str, rootful: str, rootless: str) -> None:
    scene = file(capAdd=[capability])
    assert [one.severity for one in of("DC202", scene)] == [rootless]
    assert [one.severity for one in of("DC202", replace(scene, around={"rootless": False}))] == [rootful]


@pytest.mark.parametrize(
    ("flag", "severity"),
    [("--pid=host", "critical"), ("--userns=host", "critical"), ("--network=host", "high"), ("--ipc=host", "high"), ("--uts=host", "medium"), ("--cgroupns=host", "medium")],
)  # fmt: skip
def test_namespaces_weigh_what_they_hold(flag: str, severity: str) -> None:
    assert [one.severity for one in of("DC205", flags(flag))] == [severity]


@pytest.mark.parametrize("scene", [label(privileged=True), feature(privileged=True)])
def test_it_says_who_makes_it_privileged(scene: Scene) -> None:
    (found,) = of("DC201", scene)
    assert "by the label of" in found.message or "by the Feature" in found.message
    assert found.edits == ()


@pytest.mark.parametrize(
    ("rule", "scene", "severity"),
    [
        ("DC205", compose("network_mode: service:app"), "low"),
        ("DC205", compose("network_mode: container:other"), "medium"),
        ("DC214", flags("--runtime=/usr/local/bin/run"), "critical"),
        ("DC214", flags("--runtime=sysbox-runc"), "medium"),
        ("DC216", flags("--hooks-dir=./hooks"), "critical"),
        ("DC216", flags("--conmon", "./conmon"), "critical"),
        ("DC216", flags("--init-path=/x"), "critical"),
    ],
)
def test_what_starts_programs_of_the_host_is_worse_than_what_is_shared_inside(
    rule: str, scene: Scene, severity: str
) -> None:
    assert [one.severity for one in of(rule, scene)] == [severity]
