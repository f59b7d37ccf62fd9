from __future__ import annotations

from paddock.plan import etc
from paddock.plan.model import Person
from tests.plan.machine import Fake, plan, targets

ANN = Person(1001, 1002, "ann", "/home/ann")


def test_the_users_are_root_the_person_and_nobody() -> None:
    lines = [line.split(":") for line in etc.passwd(ANN, "/bin/bash").splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("root", "0"), ("ann", "1001"), ("nobody", "65534")]
    assert {len(line) for line in lines} == {7}
    assert "ann:x:1002:" in etc.group(ANN).splitlines()


def test_a_person_who_is_nobody_is_not_listed_twice() -> None:
    nobody = Person(65534, 65534, "ci", "/home/ci")
    assert etc.passwd(nobody, "/bin/sh").count("65534:65534") == 1
    assert etc.group(nobody).count("65534") == 1


def test_without_a_network_there_is_no_name_server() -> None:
    assert "nameserver" not in etc.resolver(network=False)
    assert "nameserver 198.18.0.1\n" in etc.resolver(network=True)
    assert "search" not in etc.resolver(network=True)


def test_host_files_that_may_hold_secrets_are_never_shown() -> None:
    never = [
        "npmrc",
        "gitconfig",
        "shadow",
        "machine-id",
        "ssl/private",
        "pki/tls/private",
        "maven/settings.xml",
        "pip.conf",
    ]
    everything = {f"/etc/{name}": "x" for name in never if not name.endswith("private")}
    shown = targets(
        plan({**everything, "/etc/pki/tls/certs/a": "", "/etc/pki/tls/private/key": "", "/etc/maven/m2.conf": ""})
    )
    for name in never:
        assert not any(f"/etc/{name}".startswith(target + "/") or f"/etc/{name}" == target for target in shown), name
    assert "/etc/pki/tls/certs" in shown
    assert "/etc/maven/m2.conf" in shown
    assert "/etc" not in shown


def test_versions_and_links_of_etc_are_found() -> None:
    files = {
        "/etc/java-17-openjdk/jvm.cfg": "",
        "/etc/localtime": "-> /usr/share/zoneinfo/Etc/UTC",
        "/usr/share/zoneinfo/Etc/UTC": "",
        "/etc/os-release": "-> ../usr/lib/os-release",
        "/usr/lib/os-release": "",
    }
    found = plan(files)
    assert "/etc/java-17-openjdk" in targets(found)
    assert {link.target: link.to for link in found.links}["/etc/localtime"] == "/usr/share/zoneinfo/Etc/UTC"
    assert "/etc/localtime" not in targets(found)


def test_a_bundle_that_leads_elsewhere_is_shown_there() -> None:
    files = {"/etc/ssl/certs/ca-bundle.crt": "-> /srv/ca/all.crt", "/srv/ca/all.crt": "", "/srv/ca/other": ""}
    assert "/srv/ca/all.crt" in targets(plan(files))
    assert "/srv/ca" not in targets(plan(files))


def test_a_written_file_never_lies_below_a_shown_one() -> None:
    found = plan()
    for file in found.files:
        assert not any((file.target + "/").startswith(mount.target + "/") for mount in found.mounts), file.target


def test_shown_asks_only_for_names_below_etc() -> None:
    assert all(path.startswith("/etc/") for path in etc.shown(Fake({})))
