from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import sources, starting
from paddock.agents.profile import load
from paddock.errors import PaddockError, PolicyError, Refused, Usage
from paddock.frozen import replace
from paddock.kernel import confine, seccomp
from paddock.plan.hashing import plan_hash
from paddock.plan.profile import Login
from paddock.planning import find_repository, make_login_plan, make_plan, policy_hash
from paddock.policy.flags import flags_layer
from paddock.policy.model import Layer, Origin, Setting
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from paddock.plan.model import Proving
    from tests.conftest import Person

SOURCE = Path(__file__).parents[1] / "src"
NOTHING = Layer("flag", "the command line", ())


@pytest.fixture
def claude(person: Person) -> Person:
    program = person.home / ".local/bin/claude"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return type(person)(person.home, {"PATH": f"{program.parent}:/usr/bin:/bin"})


def test_the_repository_is_the_nearest_directory_that_is_marked(tmp_path: Path) -> None:
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    base = os.path.realpath(tmp_path)
    assert find_repository(f"{base}/a/b/c", home="/nonexistent") == f"{base}/a/b/c"
    (tmp_path / "a/paddock.toml").touch()
    assert find_repository(f"{base}/a/b/c", home="/nonexistent") == f"{base}/a"
    (tmp_path / "a/b/.git").write_text("gitdir: x")
    assert find_repository(f"{base}/a/b/c", home="/nonexistent") == f"{base}/a/b"
    (tmp_path / "a/b/c/.git").symlink_to("none")
    assert find_repository(f"{base}/a/b/c", home="/nonexistent") == f"{base}/a/b/c"


def test_the_search_stops_below_the_home(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "x/y").mkdir(parents=True)
    base = os.path.realpath(tmp_path)
    assert find_repository(f"{base}/x/y", home=base) == f"{base}/x/y"
    assert find_repository("/", home=base) == "/"


def test_a_plan_of_a_subdirectory_is_the_repositorys(repo: Path, person: Person) -> None:
    (repo / "src").mkdir()
    plan = make_plan(str(repo / "src"), ["true"], NOTHING, terminal=False, environ=person.environ)
    assert plan.workspace.source == os.path.realpath(repo)
    assert plan.cwd == os.path.realpath(repo / "src")
    assert plan.person.home == str(person.home)


def test_a_directory_behind_a_link_is_its_real_self(repo: Path, person: Person, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo)
    plan = make_plan(str(tmp_path / "link"), ["true"], NOTHING, terminal=False, environ=person.environ)
    assert plan.workspace.source == os.path.realpath(repo)


@pytest.mark.parametrize("name", ["none", "file", "loop", "a\0b"])
def test_what_is_no_directory_is_an_error_with_a_next_step(tmp_path: Path, person: Person, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises((Usage, Refused)) as caught:
        make_plan(f"{tmp_path}/{name}", [], NOTHING, terminal=False, environ=person.environ)
    assert caught.value.next_step


def test_the_home_and_the_root_are_refused(person: Person) -> None:
    for path in (str(person.home), "/", str(person.home.parent)):
        with pytest.raises(Refused):
            make_plan(path, [], NOTHING, terminal=False, environ=person.environ)


def test_odd_names_survive(tmp_path: Path, person: Person) -> None:
    path = tmp_path / "odd \n\udcff 'x"
    path.mkdir()
    plan = make_plan(str(path), ["./x"], NOTHING, terminal=False, environ={**person.environ, "LANG": "\udcff"})
    assert plan.workspace.source == os.path.realpath(path)
    assert len(plan_hash(plan)) == 64


def test_the_state_of_an_agent_is_created_for_a_run_only(repo: Path, claude: Person) -> None:
    looked = make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ, create=False)
    (state,) = [mount.source for mount in looked.mounts if mount.access == "write"]
    assert state.startswith(f"{claude.home}/.local/state/paddock/agents/claude/")
    assert not os.path.exists(state)
    assert make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ) == looked
    assert stat.S_IMODE(os.stat(state).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(claude.home / ".local/state/paddock").st_mode) == 0o700


def test_the_state_of_an_agent_cannot_be_a_link(repo: Path, claude: Person) -> None:
    looked = make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ, create=False)
    (state,) = [mount.source for mount in looked.mounts if mount.access == "write"]
    os.makedirs(os.path.dirname(state))
    os.symlink(claude.home, state)
    with pytest.raises(PaddockError, match="not a directory of yours"):
        make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ)


def test_the_first_files_of_a_state_are_sown_once(repo: Path, claude: Person) -> None:
    plan = make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ)
    (state,) = [mount.source for mount in plan.mounts if mount.access == "write"]
    with open(f"{state}/settings.json", encoding="utf-8") as file:
        assert file.read() == plan.seeds[0].content
    with open(f"{state}/settings.json", "w", encoding="utf-8") as file:
        file.write("mine")
    make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=claude.environ)
    with open(f"{state}/settings.json", encoding="utf-8") as file:
        assert file.read() == "mine"


def test_a_login_gets_the_agents_hosts_and_ports_and_none_of_its_keys(repo: Path, claude: Person) -> None:
    environ = {**claude.environ, "ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://a.test"}
    profile = replace(load("claude"), login=Login(("auth", "login"), (1455,), (("NO_BROWSER", "true"),)))
    plan = make_login_plan(str(repo), profile, terminal=False, environ=environ)
    assert plan.command == ("claude", "auth", "login")
    assert plan.workspace.mode == "readonly"
    assert plan.credentials == ()
    assert [(rule.host, rule.port) for rule in plan.network.rules] == sorted(profile.hosts)
    assert [(port.inside, port.outside) for port in plan.network.published] == [(1455, 1455)]
    assert ("NO_BROWSER", "true") in [(variable.name, variable.value) for variable in plan.environment]
    assert "ANTHROPIC_BASE_URL" not in [variable.name for variable in plan.environment]


def test_a_bad_base_url_is_an_error_of_the_policy(repo: Path, claude: Person) -> None:
    environ = {**claude.environ, "ANTHROPIC_BASE_URL": "http://192.0.2.1"}
    with pytest.raises(PolicyError):
        make_plan(str(repo), ["claude"], NOTHING, terminal=False, environ=environ)


def test_looking_at_a_repository_changes_nothing_in_it(repo: Path, person: Person) -> None:
    before = sorted((path, path.lstat().st_mtime_ns) for path in repo.rglob("*"))
    make_plan(str(repo), ["python3"], NOTHING, terminal=False, environ=person.environ)
    assert sorted((path, path.lstat().st_mtime_ns) for path in repo.rglob("*")) == before


def test_a_plan_for_an_empty_directory_loads_nothing_heavy(tmp_path: Path, person: Person) -> None:
    (tmp_path / "empty").mkdir()
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules)\n"
        "from paddock.planning import make_plan\nfrom paddock.policy.model import Layer\n"
        "make_plan(sys.argv[2], ['python3'], Layer('flag', '', ()), terminal=False)\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    argv = [sys.executable, "-I", "-S", "-c", script, str(SOURCE), str(tmp_path / "empty")]
    done = subprocess.run(argv, env=person.environ, capture_output=True, text=True, check=True)
    heavy = "dataclasses typing pathlib subprocess json enum tempfile inspect asyncio logging re hashlib tomllib ctypes shutil fnmatch"
    assert not set(heavy.split()) & set(done.stdout.split())


@needs("git")
def test_a_real_worktree_and_a_real_submodule_see_their_directories(tmp_path: Path, repo: Path, person: Person) -> None:
    def git(*arguments: str, cwd: Path) -> None:
        argv = ["git", "-c", "protocol.file.allow=always", "-c", "user.name=A", "-c", "user.email=a@b.test", *arguments]
        subprocess.run(argv, cwd=cwd, env=person.environ, check=True, capture_output=True)

    git("worktree", "add", "-q", str(tmp_path / "tree"), cwd=repo)
    plan = make_plan(str(tmp_path / "tree"), [], NOTHING, terminal=False, environ=person.environ)
    assert os.path.realpath(repo / ".git") in [mount.source for mount in plan.mounts if mount.access == "copy"]
    git("submodule", "add", "-q", str(repo), 'vendor/it\'s a "sub"', cwd=repo)
    inside = repo / 'vendor/it\'s a "sub"'
    plan = make_plan(str(inside), [], NOTHING, terminal=False, environ=person.environ)
    assert plan.workspace.source == os.path.realpath(inside)
    assert [mount.access for mount in plan.mounts if "/.git/modules/" in mount.source] == ["copy"]
    assert plan.notes == ()


def test_inside_a_sandbox_none_is_made_but_one_can_be_looked_at(repo: Path, person: Person) -> None:
    inside = {**person.environ, "PADDOCK": "1"}

    def refused() -> tuple[str, int, str]:
        confine.drop_capabilities()
        seccomp.install(seccomp.program("default", starting.machine(), sockets="all"))
        make_plan(str(repo), ["true"], NOTHING, terminal=False, environ=inside, create=False)
        for value in ("", "0", "/opt/paddock"):
            make_plan(str(repo), ["true"], NOTHING, terminal=False, environ={**inside, "PADDOCK": value})
        with pytest.raises(Refused, match="already inside a Paddock sandbox") as caught:
            make_plan(str(repo), ["true"], NOTHING, terminal=False, environ=inside)
        return caught.value.code, caught.value.exit_code, caught.value.next_step

    code, exit_code, next_step = forked(refused)
    assert (code, exit_code) == ("inside", 126)
    assert "env -u PADDOCK paddock" in next_step


def test_a_variable_that_a_person_has_set_is_no_sandbox(repo: Path, person: Person) -> None:
    make_plan(str(repo), ["true"], NOTHING, terminal=False, environ={**person.environ, "PADDOCK": "1"})


@pytest.mark.user
@pytest.mark.parametrize(
    ("mode", "said"),
    [("review", "paddock apply will not be able to"), ("live", "nothing inside may"), ("readonly", "")],
)
def test_a_repository_that_the_person_may_not_write_is_said_before_the_work(
    repo: Path, person: Person, mode: str, said: str
) -> None:
    flags = Layer("flag", "the command line", (Setting("workspace.mode", mode, Origin("flag", "--workspace")),))

    def notes() -> list[str]:
        plan = make_plan(str(repo), ["true"], flags, terminal=False, environ=person.environ)
        return [note for note in plan.notes if "you may not write in" in note]

    assert notes() == []
    repo.chmod(0o555)
    found = notes()
    repo.chmod(0o755)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_a_plan_says_which_policy_must_be_proven_and_what_flags_ask_for_beyond_it(person: Person, repo: Path) -> None:
    (person.home / ".config/paddock").mkdir(mode=0o700)
    (person.home / ".config/paddock/policy.toml").write_text('[prove]\nrequire = "7d"\n')

    def proving(**given: object) -> Proving:
        layer = flags_layer(given)
        return make_plan(str(repo), ("true",), layer, terminal=False, environ=person.environ, create=False).proving

    found = proving()
    assert (found.within_s, str(found.origin)) == (7 * 86400, f"person {person.home}/.config/paddock/policy.toml:2")
    gathered = sources.gather(str(repo), person.environ)
    assert found.policy_hash == policy_hash(gathered, os.path.realpath(repo), trusted=False, environ=person.environ)
    assert proving(limit=["wall=1m"], mask=["x"], workspace="readonly") == found
    assert replace(proving(require_proof="1"), origin=found.origin) == replace(found, within_s=86400)
    asked = proving(allow=["a.example.test"])
    assert (asked.policy_hash, len(asked.beyond)) == (found.policy_hash, 2)
    (repo / "paddock.toml").write_text('[limits]\nwall = "1h"\n')  # which tightens, so it is heard without trust
    assert proving().policy_hash != found.policy_hash


def test_where_no_proof_is_asked_for_nothing_of_it_is_loaded(person: Person, repo: Path) -> None:
    script = (
        "import sys; from paddock.planning import make_plan; import paddock.session\n"
        f"plan = make_plan({str(repo)!r}, ('true',), None, terminal=False, create=False)\n"
        "assert not plan.proving.policy_hash\n"
        "print(*(name for name in sys.modules if 'hash' in name or 'proo' in name or 'probe' in name))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], env={**person.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ""
