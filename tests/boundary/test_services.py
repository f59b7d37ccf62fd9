"""Services on paper: what the engine is told of each, and what it is never told."""

from __future__ import annotations

import os
import signal
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import choice, guard, services
from paddock.boundary.engine import Engine
from paddock.boundary.steps import GATEWAY_STAND_IN, STAND_IN
from paddock.errors import Refused
from paddock.frozen import replace
from paddock.kernel.signals import HeldBack
from paddock.plan.model import BoundaryChoice, File, Limit, Service
from paddock.policy.model import BUILT_IN, Origin
from tests.boundary.plans import FLAG, changed

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin("repository", "compose.yaml:2")
PLAIN = Service("db", "0" * 64, ORIGIN)
FULL = replace(
    PLAIN,
    entrypoint=("/bin/sh", "-c"),
    command=("echo a; exec db", "x"),
    environment=(("A", "b=c"),),
    user="70",
    folder="/srv",
    scratch=("/data", "/var/lib/db"),
)
PLAN = changed(services=(PLAIN, FULL), files=(File("/etc/hosts", "127.0.0.1\tdb\n"), File("/etc/passwd", "")))


def told(service: Service, *, as_root: bool = False) -> list[str]:
    return list(services.words(service, PLAN, "ns:/proc/7/ns/net", "/here", as_root=as_root))


def values(words: list[str], flag: str) -> list[str]:
    return [words[number + 1] for number, word in enumerate(words) if word == flag]


@pytest.mark.parametrize("service", [PLAIN, FULL])
@pytest.mark.parametrize("as_root", [False, True])
def test_a_service_has_namespaces_of_its_own_but_for_the_sandboxs_network(service: Service, as_root: bool) -> None:
    words = told(service, as_root=as_root)
    for flag in ("--pid", "--ipc", "--uts", "--cgroupns"):
        assert values(words, flag) == ["private"]
    assert values(words, "--network") == ["ns:/proc/7/ns/net"]
    assert values(words, "--cap-drop") == ["all"]
    assert values(words, "--security-opt") == ["no-new-privileges"]
    assert "SYS_" not in values(words, "--cap-add")[0]
    assert not {"--publish", "--privileged", "--device"} & set(words)
    sources = [word for word in values(words, "--mount") if "type=bind" in word]
    assert sources == ["type=bind,src=/here/hosts,dst=/etc/hosts,ro=true"]


@pytest.mark.parametrize("flag", ["--uidmap", "--gidmap"])
def test_its_ids_are_neither_the_callers_nor_those_of_the_other_containers(flag: str) -> None:
    inside, first, count = map(int, values(told(PLAIN), flag)[0].split(":"))
    assert (inside, first) == (0, 1)  # 0 of podman's own namespace is the caller
    inside, first, count = map(int, values(told(PLAIN, as_root=True), flag)[0].split(":"))
    assert (inside, count) == (0, 1 << 16)
    assert first > max(GATEWAY_STAND_IN, STAND_IN + (1 << 16))


def test_what_the_project_says_of_it_comes_behind_and_as_single_words() -> None:
    words = told(FULL)
    assert values(words, "--entrypoint") == ['["/bin/sh", "-c"]']
    assert words[words.index("0" * 64) :] == ["0" * 64, "echo a; exec db", "x"]
    assert values(words, "--env") == ["A=b=c"]
    assert values(words, "--user") == ["70"]
    assert values(words, "--workdir") == ["/srv"]
    assert values(words, "--volume") == ["/data", "/var/lib/db"]
    assert told(PLAIN)[-1] == "0" * 64
    assert not values(told(PLAIN), "--entrypoint")


@pytest.mark.parametrize("use", ["bubblewrap", "landlock", "gvisor", "microvm"])
def test_every_other_boundary_refuses_services_by_name(use: str) -> None:
    with pytest.raises(Refused) as caught:
        choice.choose(replace(PLAN, boundary=BoundaryChoice(use, "landlock", (), BUILT_IN)))
    assert f"the boundary {use}" in caught.value.what
    assert "db" in caught.value.why


def test_each_process_of_a_service_has_the_limits_of_the_persons() -> None:
    words = services.limits({"processes": 40, "memory": 1 << 30, "file_size": 9, "core": 1})
    assert {"nproc=40:40", f"data={1 << 30}:{1 << 30}", "fsize=9:9"} <= set(values(words, "--ulimit"))
    assert any(value.startswith("nofile=") for value in values(words, "--ulimit"))
    assert len(values(services.limits({}), "--ulimit")) == 2


@pytest.mark.root
def test_limits_that_runc_undoes_for_root_are_gaps_where_somebody_wrote_them() -> None:
    written = replace(PLAN, limits=(Limit("memory", 1, FLAG), Limit("cpus", 1, BUILT_IN)))
    together = {"memory": 1.0, "cpus": 1.0}
    assert [gap.name for gap in services.gaps(written, "/usr/sbin/runc", together)] == ["memory-total"]
    assert services.gaps(written, "", together) == ()
    assert services.gaps(written, "/usr/sbin/runc", {}) == ()
    assert services.gaps(replace(written, services=()), "/usr/sbin/runc", together) == ()


def test_the_end_is_heard_while_an_engine_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals are held back until all have started, which would be two minutes for each of them."""
    monkeypatch.setattr(guard, "_FINISH_TIMEOUT_S", 0.1)
    (tmp_path / "engine").write_text("#!/bin/sh\ncase $1 in rm) exit;; esac\nexec sleep 600\n")
    (tmp_path / "engine").chmod(0o755)
    made = SimpleNamespace(first=os.getpid(), beside=str(tmp_path / "beside"), lock=str(tmp_path / "lock"))
    found = Engine(str(tmp_path / "engine"), "/usr/bin/true", "")
    starting = services.Services(found, PLAN, made, {}, lambda: None)  # type: ignore[arg-type]
    held_back = HeldBack()
    held_back.begin()
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)  # another thread would take it
        with pytest.raises(SystemExit) as caught:
            starting.start()
        assert caught.value.code == 128 + signal.SIGTERM
        starting.stop()
    finally:
        held_back.release()
