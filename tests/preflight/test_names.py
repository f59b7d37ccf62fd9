from __future__ import annotations

import pytest

from paddock.preflight import names


@pytest.mark.parametrize(
    "name", [".env", ".env.local", ".env.production", "id_rsa", "store.p12", "Backup.KDBX", ".netrc"]
)
def test_a_name_says_that_there_are_secrets(name: str) -> None:
    assert names.holds_secrets(name)


@pytest.mark.parametrize(
    "name", [".env.example", ".env.local.sample", "env", "id_rsa.pub", "environment.py", ".environ"]
)
def test_a_name_that_is_only_alike_says_nothing(name: str) -> None:
    assert not names.holds_secrets(name)


def test_packages_are_known_by_a_directory_on_the_way_not_by_the_name_of_the_file() -> None:
    assert names.in_package("web/node_modules/x/key.json")
    assert not names.in_package("web/vendor")


def test_the_detector_hears_no_more_of_a_path_than_its_rules_need() -> None:
    paths = ["a.txt", "x/a.txt", "x/.git/config", "web/node_modules/.cache/a.json", "web/node_modules/a.json"]
    assert list(map(names.for_rules, paths)) == ["a.txt", "x/a.txt", ".git/config", ".cache/a.json", "a.json"]


@pytest.mark.parametrize("path", ["src/a.py", "README", "web/package.json", "Makefile", "a/b.PY"])
def test_what_the_command_came_for_is_code(path: str) -> None:
    assert names.is_code(path)


@pytest.mark.parametrize("path", ["config/keys.json", "a.txt", ".env", "key.pem", "secrets.yaml"])
def test_data_is_none(path: str) -> None:
    assert not names.is_code(path)


def test_likely_places_come_first_and_other_peoples_code_last() -> None:
    paths = ["node_modules/a.json", "src/a.py", "deploy/key.pem", ".git/config"]
    assert sorted(paths, key=names.urgency) == ["deploy/key.pem", ".git/config", "src/a.py", "node_modules/a.json"]
