"""What a rootless Podman inside a sandbox goes by: where it keeps what it makes, and what it must not try there.

It runs as the person and under the command's own restrictions, so whatever it makes belongs to the person: a sandbox
has no range of ids to give. There are no control groups, and no network but the sandbox's own.
"""

from __future__ import annotations

from paddock.frozen import replace
from paddock.plan.model import File, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.model import Origin

PLACE = "/run/paddock-nested"  # its settings, and the program `docker`
STORAGE = "/var/lib/paddock-nested"  # images and containers

# Crun, since runc wants to see a hierarchy of control groups even where it is to make none. A /proc that is not all
# to be seen cannot be mounted anew, so a container has the sandbox's (mount_too_revealing in the kernel).
_CONTAINERS = """\
# Written by Paddock for the containers that are made inside.
[containers]
netns = "host"
userns = "host"
cgroupns = "host"
cgroups = "disabled"
keyring = false
log_driver = "k8s-file"
volumes = ["/proc:/proc"]
default_sysctls = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
"""
# One id inside: the files of an image that belong to others are the person's here.
_STORAGE = f"""\
# Written by Paddock for the containers that are made inside.
[storage]
driver = "overlay"
graphroot = "{STORAGE}/storage"
rootless_storage_path = "{STORAGE}/storage"
runroot = "/tmp/paddock-nested"
[storage.options.overlay]
ignore_chown_errors = "true"
"""
_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}\n'
_FILES = {
    f"{PLACE}/containers.conf": _CONTAINERS,
    f"{PLACE}/storage.conf": _STORAGE,
    "/etc/containers/policy.json": _POLICY,
    # With a range in them, an image's own, an engine would ask newuidmap, which no_new_privs makes useless.
    "/etc/subuid": "",
    "/etc/subgid": "",
}
_VARIABLES = {
    "CONTAINERS_CONF": f"{PLACE}/containers.conf",
    "CONTAINERS_STORAGE_CONF": f"{PLACE}/storage.conf",
}


def files(origin: Origin) -> tuple[File, ...]:
    """Its settings. Images may come without a signature, as they may wherever nobody has asked for one."""
    return tuple(File(target, content, origin) for target, content in _FILES.items())


def variables(found: tuple[Variable, ...], origin: Origin) -> tuple[Variable, ...]:
    """The command's variables with those that name the settings, and `docker` first on PATH."""
    own = {variable.name: variable for variable in found}
    own |= {name: Variable(name, value, origin) for name, value in _VARIABLES.items()}
    path = own["PATH"]
    own["PATH"] = replace(path, value=f"{PLACE}:{path.value}")
    return tuple(own[name] for name in sorted(own))
