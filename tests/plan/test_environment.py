from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.plan import environment
from paddock.policy import credentials
from paddock.policy.model import Text
from tests.plan.machine import HOME, PERSON, Fake, assign, plan, policy, targets, variables

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
SECRETS = {
    "GITHUB_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "k", "SSH_AUTH_SOCK": "/run/agent", "DBUS_SESSION_BUS_ADDRESS": "unix:", "ANTHROPIC_API_KEY": "k",
    "DOCKER_HOST": "unix:///x", "DISPLAY": ":0", "XAUTHORITY": "/x", "DATABASE_URL": "postgres://u:p@h", "npm_config__authToken": "t",
}  # fmt: skip
LOADERS = {
    "LD_PRELOAD": "/x.so",
    "LD_LIBRARY_PATH": "/x",
    "BASH_ENV": "/x",
    "ENV": "/x",
    "PYTHONSTARTUP": "/x",
    "NODE_OPTIONS": "-r x",
}


def test_the_list_of_names_holds_no_secret_and_no_loader() -> None:
    assert [name for name in environment.PASSED if credentials.is_secret_name(name)] == []
    assert not environment.PASSED & set(LOADERS)


def test_taste_passes_and_nothing_else() -> None:
    found = plan(environ={"LANG": "de_DE.UTF-8", "TERM": "xterm", "FOO": "bar", **SECRETS, **LOADERS})
    seen = variables(found)
    assert seen["LANG"] == "de_DE.UTF-8"
    assert not set(seen) & {"FOO", *SECRETS, *LOADERS}
    assert {variable.name for variable in found.environment if variable.passed} == {"LANG", "TERM"}


def test_values_of_the_inside_are_its_own() -> None:
    found = plan(
        environ={
            "TMPDIR": "/host/tmp",
            "USER": "root",
            "SHELL": "/opt/secret/zsh",
            "XDG_CACHE_HOME": "/elsewhere",
            "PWD": "/x",
        }
    )
    seen = variables(found)
    assert {name: seen[name] for name in ("HOME", "USER", "LOGNAME", "TMPDIR", "SHELL", "PADDOCK", "XDG_CACHE_HOME")} == {
        "HOME": HOME, "USER": "ann", "LOGNAME": "ann", "TMPDIR": "/tmp", "SHELL": "/bin/bash", "PADDOCK": "1", "XDG_CACHE_HOME": f"{HOME}/.cache",
    }  # fmt: skip
    assert "XDG_CONFIG_HOME" not in seen
    assert [variable.name for variable in found.environment] == sorted(seen)


def test_npm_is_told_to_give_up_soon_unless_somebody_says_otherwise() -> None:
    name = "npm_config_fetch_retry_maxtimeout"
    assert variables(plan(environ={name: "5"}))[name] == "2000"
    assert variables(plan(rules=policy(set_variables=(assign(name, "7"),))))[name] == "7"


def test_a_shell_that_is_visible_is_kept() -> None:
    assert variables(plan({"/usr/bin/zsh": "x"}, environ={"SHELL": "/usr/bin/zsh"}))["SHELL"] == "/usr/bin/zsh"
    host = Fake({}, environ={"SHELL": "/usr/bin/zsh\nevil:x:0:0::/:/bin/sh"})
    assert variables(plan(host=host))["SHELL"] == "/bin/bash"


def test_an_exact_name_passes_a_secret_and_a_pattern_never_does() -> None:
    found = plan(environ={**SECRETS, "MY_FLAG": "1"}, rules=policy(pass_variables=["GITHUB_TOKEN", "MY_*", "*"]))
    seen = variables(found)
    assert seen["GITHUB_TOKEN"] == "t"
    assert seen["MY_FLAG"] == "1"
    assert set(seen) & set(SECRETS) == {"GITHUB_TOKEN"}
    assert str(next(each for each in found.environment if each.name == "GITHUB_TOKEN").origin) == "flag --test"


names = st.sampled_from([*SECRETS, *LOADERS, "FOO", "lower", "A*B", "HOME", "PATH", "BASH_FUNC_ls%%", "É", "\udcff"])


@given(st.dictionaries(names, st.text(max_size=5)), st.lists(st.text("*?[]ATOKENhe_", max_size=6), max_size=3))
def test_no_pattern_lets_a_secret_or_a_loader_in(environ: dict[str, str], patterns: list[str]) -> None:
    patterns = [each for each in patterns if set(each) & set("*?[")]
    seen = variables(plan(environ={**environ, "HOME": HOME, "PATH": "/bin"}, rules=policy(pass_variables=patterns)))
    assert not set(seen) & {*SECRETS, *LOADERS, "BASH_FUNC_ls%%"}
    assert seen["HOME"] == HOME
    assert seen["PATH"] == "/bin:/usr/local/bin:/usr/bin"


def test_a_variable_that_a_flag_names_and_that_is_not_set_is_said() -> None:
    assert plan(rules=policy(pass_variables=["UNSET", "UNSET_*"])).notes == (
        "UNSET is not set here, so it is not passed (flag --test)",
    )
    assert plan(rules=policy(pass_variables=(Text("UNSET", PERSON),))).notes == ()


@pytest.mark.parametrize("name", ["PATH", "HOME", "TMPDIR", "USER", "XDG_CACHE_HOME"])
def test_what_the_inside_decides_is_not_passed_and_that_is_said(name: str) -> None:
    found = plan(environ={name: "/bin"}, rules=policy(pass_variables=[name]))
    assert not [each for each in found.environment if each.name == name and each.passed]
    assert name in found.notes[0]


def test_what_the_policy_sets_wins() -> None:
    rules = policy(
        set_variables=(assign("LANG", "C"), assign("NEW", "a\nb\udcff"), assign("PYTHONPATH", "/x")),
        pass_variables=["LANG"],
    )
    seen = variables(plan(environ={"LANG": "de"}, rules=rules))
    assert (seen["LANG"], seen["NEW"], seen["PYTHONPATH"]) == ("C", "a\nb\udcff", "/x")


def test_compiled_python_stays_out_of_the_tree_in_live_mode_alone() -> None:
    name = "PYTHONPYCACHEPREFIX"
    assert variables(plan(rules=policy(workspace_mode="live")))[name] == "/tmp/pycache"
    assert name not in variables(plan())
    other = policy(workspace_mode="live", set_variables=(assign(name, "/elsewhere"),))
    assert variables(plan(rules=other))[name] == "/elsewhere"


def test_only_listed_names_are_looked_up() -> None:
    class Counting(dict[str, str]):
        asked = 0

        def __getitem__(self, key: str) -> str:
            type(self).asked += 1
            return super().__getitem__(key)

        def items(self):
            raise AssertionError

        __iter__ = keys = values = items

    host = Fake({})
    host.environ = Counting({"PATH": "/bin", "HOME": HOME, **{f"V{number}": "x" * 100 for number in range(10_000)}})
    plan(host=host)
    assert Counting.asked < 200


# -- certificates -----------------------------------------------------------------------------------


def test_a_visible_bundle_passes() -> None:
    environ = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt", "SSL_CERT_DIR": "/etc/ssl/certs"}
    found = plan(environ=environ)
    assert environ.items() <= variables(found).items()
    assert found.notes == ()


def test_a_file_of_certificates_elsewhere_is_shown() -> None:
    found = plan({"/srv/ca/company.pem": CERTIFICATE}, environ={"NODE_EXTRA_CA_CERTS": "/srv/ca/company.pem"})
    assert "/srv/ca/company.pem" in targets(found)
    assert variables(found)["NODE_EXTRA_CA_CERTS"] == "/srv/ca/company.pem"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/srv/ca.pem", CERTIFICATE + "-----BEGIN PRIVATE KEY-----\n"),
        ("/srv/ca.pem", "-----BEGIN RSA PRIVATE KEY-----\n" + CERTIFICATE),
        ("/srv/ca.pem", "notes of mine"),
        ("/srv/ca.pem", CERTIFICATE + "x" * (4 << 20)),
        ("/srv/ca.pem", "socket"),
        ("/srv/ca.pem", f"-> {HOME}/.ssh/ca.pem"),
        (f"{HOME}/.ssh/ca.pem", CERTIFICATE),
        ("/srv/ca.pem", "-> ca.pem"),
    ],
)
def test_anything_else_is_neither_shown_nor_passed(path: str, content: str) -> None:
    files = {path: content, **({f"{HOME}/.ssh/ca.pem": CERTIFICATE} if content.startswith("-> /home") else {})}
    found = plan(files, environ={"CURL_CA_BUNDLE": path, "SSL_CERT_DIR": "/srv"})
    assert not [target for target in targets(found) if target.startswith(("/srv", "/home"))]
    assert "CURL_CA_BUNDLE" not in variables(found)
    assert "SSL_CERT_DIR" not in variables(found)


# -- toolchains -------------------------------------------------------------------------------------


def test_variables_of_toolchains_pass_when_those_are_shown() -> None:
    files = {f"{HOME}/.cargo/bin/cargo": "x", f"{HOME}/.nvm/versions/x": ""}
    found = plan(
        files, environ={"PATH": f"{HOME}/.cargo/bin", "CARGO_HOME": f"{HOME}/.cargo", "NVM_DIR": f"{HOME}/.nvm"}
    )
    assert variables(found)["CARGO_HOME"] == f"{HOME}/.cargo"
    assert "NVM_DIR" not in variables(found)


def test_a_java_home_is_shown() -> None:
    files = {"/srv/jdk-21/bin/java": "x", "/srv/jdk-21/lib/jvm.cfg": ""}
    found = plan(files, environ={"JAVA_HOME": "/srv/jdk-21", "VIRTUAL_ENV": "/gone"})
    assert "/srv/jdk-21" in targets(found)
    assert variables(found)["JAVA_HOME"] == "/srv/jdk-21"
    assert "VIRTUAL_ENV" not in variables(found)
