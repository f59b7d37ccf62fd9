"""Containers inside: they can be made, run and reached, and what they could not be for is out of reach as before."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import choice, nesting, podman
from paddock.boundary.steps import Remove
from paddock.errors import BoundaryUnavailable, GapRefused, Refused
from paddock.frozen import replace
from paddock.plan.model import BoundaryChoice, Image
from paddock.plan.nesting import PLACE, STORAGE
from paddock.policy.model import BUILT_IN
from tests import busybox
from tests import podman as containers
from tests.boundary.plans import FLAG, PLAN, changed
from tests.boundary.test_bubblewrap import USER, overlays
from tests.capabilities import needs
from tests.conftest import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paddock.boundary.sheet import Compiled

NESTED = changed(nested=True, nested_origin=FLAG)
FACTS = replace(USER, storage="/home/ada/.local/state/paddock/scratch/x/upper")


# --- on paper ---


def compiled(image: Image | None) -> Compiled:
    plan = replace(NESTED, image=image)
    return podman.compile(plan, FACTS, overlays(plan))


def mounts_of(found: Compiled) -> list[dict[str, str]]:
    """Its mounts; none of these paths has a character that CSV would quote."""
    words = found.arguments
    lines = [words[number + 1] for number, word in enumerate(words) if word == "--mount"]
    rows = [[part.strip('"').partition("=") for part in line.split('","')] for line in lines]
    return [{key: value for key, _, value in row} for row in rows]


@pytest.mark.parametrize("image", [None, Image("0" * 64, BUILT_IN)], ids=["programs", "image"])
def test_a_container_has_a_place_for_containers_and_a_program_docker(image: Image | None) -> None:
    found = compiled(image)
    by_target = {mount["dst"]: mount for mount in mounts_of(found)}
    storage = by_target[STORAGE]
    assert found.sources[int(storage["src"].rpartition("/")[2])] == FACTS.storage
    assert storage["ro"] == "false"
    docker = found.files[int(by_target[f"{PLACE}/docker"]["src"].rpartition("/")[2])]
    assert (docker.mode, docker.content.splitlines()) == (0o555, [b"#!/bin/sh", b'exec podman "$@"'])
    assert by_target["/sys"]["type"] == by_target["/sys/fs/cgroup"]["type"] == "tmpfs"
    assert Remove("/sys") not in found.steps


def test_no_other_container_has_any_of_it() -> None:
    found = podman.compile(PLAN, FACTS, overlays(PLAN))
    assert not {mount["dst"] for mount in mounts_of(found)} & {STORAGE, f"{PLACE}/docker", "/sys", "/sys/fs/cgroup"}
    assert Remove("/sys") in found.steps
    assert FACTS.storage not in found.sources


def wanted(use: str, minimum: str = "bubblewrap") -> str:
    return choice.choose(replace(NESTED, boundary=BoundaryChoice(use, minimum, (), BUILT_IN)))


@needs("podman")
@pytest.mark.parametrize("use", ["auto", "podman"])
def test_podman_is_the_boundary_for_them(use: str) -> None:
    assert wanted(use) == "podman"


@pytest.mark.parametrize("use", ["landlock", "bubblewrap", "gvisor", "microvm"])
def test_every_other_boundary_refuses_by_name(use: str) -> None:
    with pytest.raises(Refused) as caught:
        wanted(use)
    assert caught.value.what == f"in the boundary {use} no containers can be made"
    assert "--boundary podman --nested" in caught.value.next_step


def test_a_minimum_above_podman_refuses_too() -> None:
    with pytest.raises(Refused, match="the boundary gvisor"):
        wanted("auto", "gvisor")


def test_what_they_cost_must_be_accepted_by_name() -> None:
    with pytest.raises(GapRefused) as caught:
        choice.refuse_gaps(nesting.gaps(), (), "podman")
    assert "--accept nested-namespaces" in caught.value.next_step
    choice.refuse_gaps(nesting.gaps(), ("nested-namespaces",), "podman")


def test_a_program_that_this_machine_lacks_is_missing_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nesting, "find", lambda name: "/usr/bin/podman" if name == "podman" else None)
    with pytest.raises(BoundaryUnavailable, match="crun is not installed"):
        nesting.refuse_missing(NESTED)
    nesting.refuse_missing(replace(NESTED, image=Image("0" * 64, BUILT_IN)))


# --- on this machine ---


@pytest.fixture(scope="module")
def bea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A person whose sandboxes have containers inside."""
    home = tmp_path_factory.mktemp("bea") / "home"
    yield from containers.person_of(home, "nested = true\n", accept=("nested-namespaces",))


@pytest.fixture
def app(repo: Path) -> Path:
    """A repository with a Containerfile, the one program that its image has, and a secret."""
    (repo / "image").mkdir()
    shutil.copy("/bin/busybox", repo / "image/busybox")
    (repo / "image/Containerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
        "RUN echo built > /index.html && chown 70:70 /index.html || true\n"
    )
    (repo / ".env").write_text("SECRET=hunter2\n")
    return repo


def told(bea: Person, app: Path, script: str) -> list[str]:
    done = bea.call("run", "--quiet", "--workspace", "scratch", "--", "bash", "-c", script, cwd=app)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def left_on_the_host(bea: Person) -> list[str]:
    scratch = bea.home / ".local/state/paddock/scratch"
    return [str(path) for path in scratch.iterdir()] if scratch.exists() else []


nested = needs("podman", "busybox", "git")


@nested
def test_images_are_built_and_run_and_containers_talk(bea: Person, app: Path) -> None:
    script = """
        set -e
        docker build --quiet --tag app image > /dev/null
        docker run --rm app id -u
        podman run --detach --name web app httpd -f -p 127.0.0.1:8080 -h / > /dev/null
        until podman run --rm app wget -q -O - http://localhost:8080/index.html 2> /dev/null; do sleep 0.1; done
        podman run --rm --volume "$PWD:/work" app cp /index.html /work/taken
        podman run --rm --network none app wget -q -O - http://localhost:8080/ 2>&1 | grep -c refused
        podman stop --time 0 web
        stat -c %U taken
    """
    user = bea_name(bea, app)
    assert told(bea, app, script) == ["0", "built", "1", "web", user]
    assert left_on_the_host(bea) == []
    assert containers.left(bea) == []


def bea_name(bea: Person, app: Path) -> str:
    return told(bea, app, "id -un")[0]


@nested
def test_a_test_that_speaks_to_an_engine_finds_the_one_inside(bea: Person, app: Path) -> None:
    """As libraries for tests with containers do: by DOCKER_HOST, over a socket."""
    script = """
        export DOCKER_HOST=unix:///tmp/engine.sock
        podman system service --time 0 "$DOCKER_HOST" 2> /dev/null &
        until test -S /tmp/engine.sock; do sleep 0.1; done
        python3 - <<END
import http.client, socket
one = http.client.HTTPConnection("localhost")
one.sock = socket.socket(socket.AF_UNIX)
one.sock.connect("/tmp/engine.sock")
one.request("GET", "/_ping")
print(one.getresponse().read().decode())
END
        kill %1
    """
    assert told(bea, app, script) == ["OK"]


@nested
def test_the_engine_of_this_machine_is_out_of_reach(bea: Person, app: Path, tmp_path: Path) -> None:
    busybox.build(bea, tmp_path / "image")
    script = f"""
        echo "$DOCKER_HOST$CONTAINER_HOST"
        ls /var/run/docker.sock /run/docker.sock /run/podman /var/lib/containers "$XDG_RUNTIME_DIR/podman" 2> /dev/null
        ls -d "{bea.home}/.local/share/containers" "{bea.home}/runtime" 2> /dev/null
        podman images --quiet --all
        docker images --format x
        podman ps --all --quiet
    """
    host = f"unix://{bea.home}/runtime/podman/podman.sock"
    caller = Person(bea.home, {"DOCKER_HOST": host, "CONTAINER_HOST": host})
    assert [line for line in told(caller, app, script) if line] == []


@nested
def test_who_is_root_in_a_namespace_of_their_own_gains_nothing_outside_of_it(bea: Person, app: Path) -> None:
    """Each line is an attack, by a root with all capabilities in a user namespace of its own; none may succeed."""
    attacks = f"""
        try() {{ if "$@" > /tmp/said 2>&1; then echo "succeeded: $*"; cat /tmp/said; fi; }}
        test "$(id -u)" = 0 || echo not root
        mount -t tmpfs tmpfs /mnt 2> /dev/null || mount -t tmpfs tmpfs /tmp || echo no mounts
        mkdir -p /tmp/plain/below /tmp/seen /tmp/bare /tmp/up /tmp/work /tmp/both
        touch /tmp/plain/file
        mount -t overlay overlay -o lowerdir=/tmp/plain:/tmp/bare /tmp/seen && ls /tmp/seen
        try umount .env
        try umount /proc/kcore
        try umount "{app}"
        try mount --bind "{app}" /tmp/bare
        try mount -t overlay overlay -o "lowerdir={app},upperdir=/tmp/up,workdir=/tmp/work" /tmp/both
        for place in . /tmp/bare /tmp/both; do grep -s hunter2 "$place/.env"; done
        try mount -t proc proc /tmp/bare
        try mount -t sysfs sysfs /tmp/bare
        try mount -o remount,rw /
        try mount -o remount,bind,suid,dev "$HOME"
        try touch /usr/here
        try mknod /tmp/bare/disk b 8 0
        try nsenter --target 1 --mount true
        try nsenter --target 1 --user true
        try nsenter --target 1 --net ip link add type dummy
        try ip link add type dummy
        try ip addr add 192.0.2.1/24 dev lo
        try hostname elsewhere-not-in-a-namespace
        try chown 1:1 "{app}/hello.txt"
        try sh -c 'echo 0 1 1 > /proc/1/uid_map'
        try sh -c 'echo c > /proc/sysrq-trigger'
        try cat /proc/1/environ
        echo done
    """
    script = f"""
        cat > /tmp/attacks <<'END'
{attacks}
END
        unshare --user --map-root-user --mount sh /tmp/attacks
    """
    assert told(bea, app, script) == ["below", "file", "done"]


@nested
def test_all_ends_where_paddock_is_killed(bea: Person, app: Path) -> None:
    script = "docker build -q -t app image && docker run -d app sleep 1000 && echo up && sleep 1000"
    argv = bea.argv("run", "--quiet", "--workspace", "scratch", "--", "bash", "-c", script)
    with subprocess.Popen(argv, cwd=app, env=bea.environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        for line in running.stdout:
            if line == "up\n":
                break
        os.kill(running.pid, signal.SIGKILL)
    assert containers.left(bea) == []
    assert bea.call("clean", cwd=app).returncode == 0
    assert left_on_the_host(bea) == []


@nested
@pytest.mark.parametrize(("limit", "refused"), [("90", True), ("500", False)])
def test_the_limit_on_processes_counts_those_in_containers(bea: Person, app: Path, limit: str, refused: bool) -> None:
    script = """
        docker build -q -t app image > /dev/null
        docker run --rm app sh -c 'for n in $(seq 150); do sleep 600 & done; kill $(jobs -p)' 2>&1
        true
    """
    words = ("run", "--quiet", "--limit", f"processes={limit}", "--workspace", "scratch", "--", "bash", "-c", script)
    done = bea.call(*words, cwd=app)
    assert done.returncode == 0, done.stderr
    assert ("can't fork" in done.stdout) is refused


def test_the_probe_of_mounts_knows_where_containers_are_kept() -> None:
    from paddock.probes.inside import mounts as attacks

    assert attacks.CONTAINERS == STORAGE
