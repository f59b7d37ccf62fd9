from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paddock.agents.profile import load
from paddock.frozen import fields, replace
from paddock.plan import model
from paddock.plan.hashing import canonical, plan_hash
from paddock.plan.serial import as_data, from_data
from paddock.policy.model import Origin
from tests.plan.machine import FLAG, Fake, allow, assign, plan, policy

SOURCE = Path(__file__).parents[2] / "src"


def for_person(  # noqa: PLR0913 - all that may differ between people
    home: str,
    repository: str,
    uid: int,
    name: str,
    *,
    gid: int | None = None,
    who: tuple[str, str] = ("", ""),
    state: str = "",
) -> model.Plan:
    files = {
        f"{home}/.local/bin/claude": f"-> {home}/.local/share/claude/versions/1", f"{home}/.local/share/claude/versions/1": "x",
        f"{home}/.cargo/bin/cargo": "x", f"{repository}/.env": "", f"{repository}/src/": "",
    }  # fmt: skip
    environ = {"PATH": f"{home}/.local/bin:{home}/.cargo/bin:/usr/bin", "LANG": "C", "CARGO_HOME": f"{home}/.cargo"}
    host = Fake(files, home=home, environ=environ, uid=uid, gid=uid if gid is None else gid, name=name)
    host.who = who
    host.state = state or host.state
    return plan(
        None, "claude", f"{repository}/x", f"--dir={home}/y", host=host, repository=repository, agent=load("claude")
    )


HERE = for_person("/home/ann", "/home/ann/code/app", 1001, "ann")


@pytest.mark.parametrize(
    "other",
    [
        for_person("/home/bo", "/home/bo/code/app", 1002, "bo"),
        for_person("/root", "/srv/checkout", 1000, "dev", gid=5000),
        for_person("/z/home", "/a/b c", 70000, "zz"),
        for_person("/home/ann", "/home/ann/code/app2", 1001, "ann"),
        for_person("/home/ann", "/home/ann/code/app", 1001, "ann", who=('Ann "A"\n', "ann@example.test")),
        for_person("/home/ann", '/home/ann/odd "\\\n\udcff', 1001, "ann"),
        for_person("/home/ann", "/home/ann/code/app", 1001, "ann", state="/data/state/paddock"),
        for_person("/home/anna", "/home/anna/code/app", 1001, "anna"),
    ],
    ids=range(8),
)  # fmt: skip
def test_the_same_promises_have_the_same_hash_for_everyone(other: model.Plan) -> None:
    assert canonical(other) == canonical(HERE)
    assert plan_hash(other) == plan_hash(HERE)


def test_the_hash_is_the_same_in_every_process() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1])\nimport json\nfrom paddock.plan import serial, hashing\nprint(hashing.plan_hash(serial.from_data(json.load(sys.stdin))))"
    for seed in ("0", "1", "4711"):
        environ = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "PATH": os.environ["PATH"]}
        argv = [sys.executable, "-c", script, str(SOURCE)]
        done = subprocess.run(
            argv, input=json.dumps(as_data(HERE)), env=environ, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == plan_hash(HERE)


def test_who_decided_and_what_is_said_does_not_count() -> None:
    other = replace(
        HERE,
        notes=("another",),
        terminal=True,
        syscalls_origin=FLAG,
        nested_origin=FLAG,
        lifted=(model.Lifted("cpus", FLAG),),
        proving=model.Proving(within_s=86400, policy_hash="0", at_start=True),
        mounts=tuple(replace(mount, origin=FLAG) for mount in reversed(HERE.mounts)),
        workspace=replace(HERE.workspace, origin=Origin("person", "x:1")),
    )
    assert plan_hash(other) == plan_hash(HERE)


def test_values_that_were_passed_do_not_count_and_names_do() -> None:
    passed = [replace(each, value="other") if each.passed else each for each in HERE.environment]
    assert plan_hash(replace(HERE, environment=tuple(passed))) == plan_hash(HERE)
    fewer = tuple(each for each in HERE.environment if each.name != "LANG")
    assert plan_hash(replace(HERE, environment=fewer)) != plan_hash(HERE)
    set_ = tuple(replace(each, passed=False) for each in HERE.environment)
    assert plan_hash(replace(HERE, environment=set_)) != plan_hash(HERE)


def changes(value: object) -> list[object]:
    """Every plan value with one promise changed, at any depth."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, str):
        return [value + "x", "/" + value]
    if isinstance(value, tuple):
        found: list[object] = [value[1:], value[:-1]] if value else []
        for number, item in enumerate(value):
            found += [(*value[:number], other, *value[number + 1 :]) for other in changes(item)]
        return found
    left_out = ("origin", "syscalls_origin", "nested_origin", "notes", "terminal", "person", "proving", "lifted")
    return [
        replace(value, **{name: other})
        for name in fields(value)
        if name not in left_out
        for other in changes(getattr(value, name))
    ]


def test_every_change_of_a_promise_changes_the_hash() -> None:
    base = plan({"/opt/t/bin/x": "x"}, "x", "-v", environ={"PATH": "/opt/t/bin"}, rules=policy(
        network_mode="allow", allow=(allow("a.test"),), set_variables=(assign("A", "1"),), mask=["HEAD", ".git"]))  # fmt: skip
    base = replace(base, image=model.Image("sha", FLAG, "/work"))
    seen = {canonical(base)}
    count = 1
    for other in changes(base):
        assert isinstance(other, model.Plan)
        if any(each.name == "PATH" and "/opt" not in each.value for each in other.environment):
            continue
        seen.add(canonical(other))
        count += 1
    assert count > 150
    # Two changes may mean the same (the first of two entries taken away, or the last); none means the base.
    assert sum(canonical(other) == canonical(base) for other in changes(base) if isinstance(other, model.Plan)) == 0


@pytest.mark.parametrize("text", ["~/x", "/home/ann2", "x/home/ann", "/home/annx/y", "/home/ann.bak"])
def test_nothing_can_pretend_to_be_a_persons_place(text: str) -> None:
    one = replace(HERE, command=(text,))
    assert json.loads(canonical(one))["command"] == [text]
    assert plan_hash(one) != plan_hash(replace(HERE, command=("/home/ann",)))


def test_the_text_is_canonical() -> None:
    text = canonical(HERE)
    assert text.isascii()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert '"origin"' not in text
    assert "4294967296.0" not in text
    limits = tuple(replace(limit, value=float(limit.value)) for limit in HERE.limits)
    assert canonical(replace(HERE, limits=limits)) == text


def test_a_plan_read_back_has_its_hash() -> None:
    assert plan_hash(from_data(json.loads(json.dumps(as_data(HERE))))) == plan_hash(HERE)
