"""`paddock policy` as a person types it."""

from __future__ import annotations

import json
import tomllib

import pytest


def test_init_writes_a_file_that_changes_nothing_and_never_overwrites(person, repo):
    done = person.call("policy", "init", cwd=repo)
    assert done.returncode == 0, done.stderr
    text = (repo / "paddock.toml").read_text()
    assert set(tomllib.loads(text)) == {
        "workspace",
        "environment",
        "boundary",
        "network",
        "agents",
        "hazards",
        "limits",
        "prove",
    }
    assert tomllib.loads(text).pop("network") == {"setup": {}}
    assert not any(values for name, values in tomllib.loads(text).items() if name != "network")
    (repo / "paddock.toml").write_text("# mine\n")
    again = person.call("policy", "init", cwd=repo)
    assert again.returncode == 125
    assert "exists already" in again.stderr
    assert (repo / "paddock.toml").read_text() == "# mine\n"


def test_init_writes_the_persons_own_file(person, repo):
    done = person.call("policy", "init", "--person", "--json", cwd=repo)
    path = person.home / ".config/paddock/policy.toml"
    assert json.loads(done.stdout) == {"schema": 1, "written": str(path)}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert person.call("policy", "check", cwd=repo).returncode == 0
    assert not (repo / "paddock.toml").exists()


def test_show_prints_every_value_with_the_line_that_decided(person, repo):
    (repo / "paddock.toml").write_text('[network]\nmode = "allow"\n[limits]\nwall = "1h"\n')
    (person.home / ".config/paddock").mkdir()
    (person.home / ".config/paddock/policy.toml").write_text(
        '[environment.set]\nAPI_KEY = "hunter2"\nX = "\\u001b[31m"\n'
    )
    done = person.call("policy", "show", cwd=repo)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["limits.wall", "1h", "repository", "paddock.toml:4"] in lines
    assert ["network.mode", "off", "built-in"] in lines
    assert "paddock.toml:2 asks for network.mode allow; ignored until you trust this file: paddock trust" in done.stdout
    assert "hunter2" not in done.stdout
    assert "\x1b" not in done.stdout
    data = json.loads(person.call("policy", "show", "--json", cwd=repo).stdout)
    assert data["schema"] == 1
    wall = next(row for row in data["policy"] if row["key"] == "limits.wall")
    assert wall == {"key": "limits.wall", "value": "1h", "origin": {"kind": "repository", "where": "paddock.toml:4"}}
    assert "hunter2" not in json.dumps(data)


def test_show_finds_the_repository_from_below(person, repo):
    (repo / "paddock.toml").write_text('[limits]\nwall = "1h"\n')
    (repo / "deep/er").mkdir(parents=True)
    for arguments in (("show",), ("show", "..")):
        assert "paddock.toml:2" in person.call("policy", *arguments, cwd=repo / "deep/er").stdout


def test_check_reports_the_errors_of_all_files_at_once(person, repo):
    (repo / "paddock.toml").write_text('[workspace]\nmode = "reviw"\nmod = 1\n')
    (person.home / ".config/paddock").mkdir()
    (person.home / ".config/paddock/policy.toml").write_text("x = [")
    done = person.call("policy", "check", cwd=repo)
    assert done.returncode == 126
    assert 'paddock.toml:2: workspace.mode: expected readonly, scratch, review or live, not "reviw"' in done.stderr
    assert "paddock.toml:3: unknown key workspace.mod" in done.stderr
    assert "policy.toml:1:6: " in done.stderr
    error = json.loads(person.call("policy", "check", "--json", cwd=repo).stdout)["error"]
    assert (error["code"], error["exit_code"]) == ("policy", 126)


def test_check_says_what_is_fine(person, repo):
    assert "the defaults hold" in person.call("policy", "check", cwd=repo).stdout
    (repo / "paddock.toml").write_text("")
    assert person.call("policy", "check", cwd=repo).stdout == "paddock.toml: no mistakes\n"


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("paddock.toml", '[network]\nmode = "off"\n', 0, "1 setting, no mistakes"),
        (
            "devcontainer.json",
            '{"customizations": {"paddock": {"limits": {"wall": "1h", "cpus": 1}}}}',
            0,
            "2 settings, no mistakes",
        ),
        ("devcontainer.json", '{"customizations": {"paddock": {"actions": {}}}}', 126, "not available yet"),
        ("devcontainer.json", '{"customizations": {"paddock": {', 126, "devcontainer.json:1:"),
        ("devcontainer.json", "{}", 125, "holds no policy"),
        ("other.toml", "x", 126, "other.toml:1:2"),
    ],
)
def test_check_takes_one_file(person, repo, name, text, code, said):
    (repo / name).write_text(text)
    done = person.call("policy", "check", name, cwd=repo)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_check_says_where_a_container_file_with_a_policy_is_broken(person, repo):
    (repo / ".devcontainer.json").write_text('{"customizations": {"paddock": {}}\n')
    done = person.call("policy", "check", cwd=repo)
    assert done.returncode == 126
    assert ".devcontainer.json:2:" in done.stderr


@pytest.mark.parametrize("name", ["none", "hello.txt"])
def test_only_a_directory_has_a_policy(person, repo, name):
    done = person.call("policy", "show", name, cwd=repo)
    assert done.returncode in (125, 126)
    assert done.stdout == ""
    assert name in done.stderr


def test_schema_is_printed_for_editors(person, repo):
    schema = json.loads(person.call("policy", "schema", cwd=repo).stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    data = json.loads(person.call("policy", "schema", "--json", cwd=repo).stdout)
    assert data == {"schema": 1, "json_schema": schema}


def test_without_a_verb_the_verbs_are_named(person, repo):
    done = person.call("policy", cwd=repo)
    assert done.returncode == 125
    assert "VERB" in done.stderr


def test_check_names_what_is_risky_and_still_succeeds(person, repo):
    text = '[network]\nmode = "allow"\nallow = ["*.example.test",\n  "api.github.com"]\n'
    (repo / "paddock.toml").write_text(text)
    person.call("trust", "--yes", cwd=repo)
    for argument in ((), ("paddock.toml",)):
        done = person.call("policy", "check", *argument, cwd=repo)
        assert done.returncode == 0, done.stderr
        assert "caution  paddock.toml:3: *.example.test:443 is a wildcard" in done.stdout
        assert "caution  paddock.toml:4: api.github.com:443 serves others too" in done.stdout
        data = json.loads(person.call("policy", "check", *argument, "--json", cwd=repo).stdout)
        assert len(data["cautions"]) == 2
        assert data["errors"] == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('"*"', "would allow every host, which is no rule"),
        ('"*.co.uk"', "co.uk is a public suffix"),
        ('"b\u00fccher.example"', 'write "xn--bcher-kva.example"'),
        ('{ host = "a.test", paths = ["/a/../b"] }', "could match no request"),
        ('{ host = "a.test", upload = "lots" }', 'a size such as "512MiB"'),
    ],
)
def test_check_says_what_is_wrong_with_a_host(person, repo, entry, said):
    (repo / "paddock.toml").write_text(f"[network]\nallow = [\n  {entry},\n]\n", encoding="utf-8")
    done = person.call("policy", "check", cwd=repo)
    assert done.returncode == 126
    assert "paddock.toml:3: network.allow: " in done.stderr
    assert said in done.stderr
