"""Run flags: replaced, never added twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.devcontainer import runflags
from paddock.devcontainer.merging import DEFAULT
from paddock.devcontainer.model import Text
from paddock.devcontainer.runvalues import security_option
from paddock.hardening.arguments import loopback, of_security_option
from paddock.hardening.case import NUMERIC_USER, Limits
from tests.hardening.scenes import PROTECTED, again, ask, harden

GIT = f"--volume=${{localWorkspaceFolder}}/.git:{PROTECTED}/.git:O"
OURS = ["--cap-drop=ALL", "--network=none", "--memory=4g", "--pids-limit=512", "--cpus=2", GIT]
WORDS = st.sampled_from(
    ["--privileged", "--net=host", "--network", "none", "-v", "/:/host", "-v/a:/b", "--cap-add", "all", "-it", "-u", "0",
     "--cap-drop=NET_RAW", "--security-opt", "seccomp:unconfined", "--mount=type=bind,src=/etc,dst=/e", "--pid", "host",
     "--memory=-1", "-p", "80:80", "--new-flag", "x", "--tmpfs=/t", "--", "--init=false", "-eA=b", "--memory", "8g"]
)  # fmt: skip


def flags(top, *words: str, **more) -> list[str]:
    return list(harden(top, {"runArgs": [*words]}, **more).data["runArgs"])


def test_what_is_missing_is_added(tmp_path):
    assert flags(tmp_path) == OURS
    limits = Limits()
    assert (limits.memory, limits.processes, limits.cpus) == ("4g", "512", "2")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--privileged",), "DC201"),
        (("--cap-add", "CHOWN"), "DC202"),
        (("--security-opt", "seccomp:unconfined"), "DC203"),
        (("--security-opt=apparmor=unconfined",), "DC204"),
        (("--pid=host",), "DC205"),
        (("--userns", "host"), "DC205"),
        (("--device=/dev/kvm",), "DC206"),
        (("--gpus=all",), "DC206"),
        (("-v/:/host",), "DC102"),
        (("--volume", "/var/run/docker.sock:/s"), "DC101"),
        (("--mount=type=bind,src=/proc,dst=/p",), "DC110"),
        (("--volumes-from", "x"), "DC111"),
        (("--sysctl=kernel.core_pattern=x",), "DC213"),
        (("--runtime=/tmp/own",), "DC214"),
        (("--group-add", "docker"), "DC215"),
        (("--hooks-dir=/x",), "DC216"),
        (("--dns=192.0.2.1",), "DC308"),
        (("--ip", "192.0.2.7"), "DC301"),
        (("-P",), "DC303"),
        (("--env-host",), "DC409"),
        (("-e", "API_TOKEN=abcdef123456"), "DC701"),
        (("--env-file=.env",), "DC704"),
        (("--log-opt", "path=/etc/cron.d/x"), "DC808"),
        (("--restart=always",), "DC902"),
        (("--memory=-1",), "DC903"),
        (("--cgroup-parent=/x",), "DC904"),
        (("--name=x",), "DC906"),
    ],
)
def test_what_is_dangerous_goes_and_is_said(tmp_path, words: tuple[str, ...], rule: str):
    found = harden(tmp_path, {"runArgs": [*words]})
    assert found.data["runArgs"] == OURS
    assert rule in found.rules
    assert "abcdef" not in found.text


def test_what_is_harmless_stays_in_its_place_in_one_spelling(tmp_path):
    found = flags(tmp_path, "--init", "-eA=b", "--hostname", "x", "--cap-drop", "all", "--net=none", "--memory", "8g")
    assert found == [
        "--init",
        "--env=A=b",
        "--hostname=x",
        "--cap-drop=ALL",
        "--network=none",
        "--memory=8g",
        *OURS[3:],
    ]


def test_a_flag_is_never_there_twice(tmp_path):
    found = flags(
        tmp_path, "--cap-drop=NET_RAW", "--network=bridge", "--network=none", "--security-opt=no-new-privileges"
    )
    assert found == ["--network=none", "--cap-drop=ALL", *OURS[2:]]


def test_a_mount_on_a_protected_place_gives_way(tmp_path):
    assert flags(tmp_path, f"-v=/other:{PROTECTED}/.git", f"--mount=type=tmpfs,dst={PROTECTED}/.devcontainer/") == OURS


def test_binds_become_read_only_and_ports_local(tmp_path):
    found = flags(tmp_path, "-v", "/srv/a:/a", "-v/srv/b:/b:ro", "-p", "80:8080", "-p", "127.0.0.1:1:1")
    assert found[:4] == [
        "--mount=type=bind,source=/srv/a,target=/a,readonly",
        "--volume=/srv/b:/b:ro",
        "--publish=127.0.0.1:80:8080",
        "--publish=127.0.0.1:1:1",
    ]


def test_what_follows_the_first_word_that_is_no_flag_goes(tmp_path):
    found = harden(tmp_path, {"runArgs": ["--init", "other/image", "--privileged"]})
    assert found.data["runArgs"] == ["--init", *OURS]
    assert "DC808" in found.rules


def test_kept_flags_stay_with_their_reason(tmp_path):
    keeps = ("DC301=the tests fetch", "DC202=a debugger", "DC901=big builds")
    found = harden(tmp_path, {"runArgs": ["--network=own", "--cap-add=SYS_PTRACE"]}, keeps=keeps)
    assert found.data["runArgs"] == ["--network=own", "--cap-add=SYS_PTRACE", "--cap-drop=ALL", GIT]
    assert "// paddock: ignore DC301 because the tests fetch" in found.text
    host = harden(tmp_path, {"runArgs": ["--network=host"]}, keeps=keeps)
    assert host.data["runArgs"] == ["--cap-drop=ALL", GIT]


@pytest.mark.parametrize(
    ("flag", "rule"),
    [
        ("--env-file=.devcontainer/x.env", "DC704"),
        ("--volumes-from=other", "DC111"),
        ("--device-cgroup-rule=c 1:3 rwm", "DC206"),
        ("--name=mine", "DC906"),
        ("--cgroup-parent=/x", "DC904"),
        ("--pod=other", "DC205"),
        ("--hooks-dir=/x", "DC216"),
    ],
)
def test_a_flag_stays_that_a_kept_rule_finds(tmp_path, flag: str, rule: str):
    assert flag not in flags(tmp_path / "without", flag)
    name, _, value = flag.partition("=")
    assert flag in flags(tmp_path / "with", name, value, keeps=(f"{rule}=we need it",))


def test_a_user_by_number_gets_the_persons_files(tmp_path):
    found = harden(tmp_path, {}, image=ask(user="root"))
    assert f"--userns=keep-id:uid={NUMERIC_USER},gid={NUMERIC_USER}" in found.data["runArgs"]
    assert "DC207 root-user: the person's own files belong to 1000 inside." in found.text
    assert again(found).text == found.text
    assert not any("userns" in one for one in flags(tmp_path, image=ask(user="root"), engine="docker"))


@settings(max_examples=60)
@given(st.lists(WORDS, max_size=6))
def test_any_flags_come_out_safe_and_the_same_the_second_time(tmp_path_factory, words: list[str]):
    first = harden(tmp_path_factory.mktemp("flags"), {"runArgs": words})
    parsed = runflags.parse([Text(one, DEFAULT) for one in first.data["runArgs"]])
    names = [flag.name for flag in parsed.flags]
    assert parsed.flaws == ()
    assert not {"--privileged", "--cap-add", "--security-opt", "--pid"} & {*names}
    assert (names.count("--network"), names.count("--cap-drop")) == (1, 1)
    assert again(first).text == first.text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("no-new-privileges", ""),
        ("no-new-privileges:true", ""),
        ("mask=/proc/kcore", ""),
        ("no-new-privileges=false", "DC212"),
        ("seccomp=/own.json", "DC203"),
        ("label=type:spc_t", "DC204"),
        ("apparmor=own", "DC204"),
    ],
)
def test_security_options_only_take_away(text: str, rule: str):
    assert of_security_option(security_option(text, DEFAULT)) == rule


def test_a_port_without_an_address_gets_the_loopback_one(tmp_path):
    case = harden(tmp_path, {}).case
    made = [loopback(text, case, "") for text in ("80", "80:81/udp", "0.0.0.0:1:2", "127.0.0.1:1:2")]
    assert [one and one[0] for one in made] == ["127.0.0.1:80:80", "127.0.0.1:80:81/udp", "127.0.0.1:1:2", None]
