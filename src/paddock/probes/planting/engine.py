"""What a person may have told their container engine to give to each container (containers.conf(5), podman-run(1)).

An engine reads it for whoever starts one, unless it is told otherwise; an administrator's reads only what lies in /etc.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.planting.ground import Ground

# By the file that says so, where what it gives would be seen.
_PLACES = {"mounts.conf": "/run/paddock-given-mounts", "containers.conf": "/run/paddock-given-volumes"}
_SAID = {"mounts.conf": "{source}:{place}\n", "containers.conf": '[containers]\nvolumes = ["{source}:{place}"]\n'}


def plant(ground: Ground) -> None:
    """A directory with a canary for each of the files that may give one."""
    settings = f"{ground.home}/.config/containers"
    for name, place in _PLACES.items():
        source = os.path.dirname(ground.write(f"{settings}/given-{name}/secret"))
        with open(f"{settings}/{name}", "w", encoding="utf-8") as file:
            file.write(_SAID[name].format(source=source, place=place))
    ground.given["engine gives"] = [f"{place}/secret" for place in _PLACES.values()]
