"""Credential locations and secret-looking names."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.policy.credentials import is_secret_name, locations, refusal

HOME = "/home/dev"


@pytest.mark.parametrize(
    "path",
    [
        *(f"{HOME}/{place}" for place in (
            ".ssh", ".ssh/id_ed25519", ".aws/credentials", ".config/gh", ".config/gh/hosts.yml", ".config/gcloud", ".azure", ".kube/config",
            ".docker/config.json", ".gnupg", ".netrc", ".npmrc", ".pypirc", ".git-credentials", ".config/git/credentials",
            ".cargo/credentials", ".cargo/credentials.toml", ".claude", ".claude.json", ".codex/auth.json", ".gemini", ".copilot",
            ".config/github-copilot", ".local/share/opencode", ".pi", ".config/op", ".password-store", ".local/share/keyrings",
            ".mozilla/firefox", ".config/google-chrome", ".config/chromium", "snap/firefox/common", ".var/app/org.mozilla.firefox",
            ".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history", ".mysql_history", ".lesshst",
            ".local/share/fish/fish_history", ".vault-token", ".terraform.d", ".config/rclone", ".pgpass", ".my.cnf", ".config/hub",
            ".m2/settings.xml", ".gradle/gradle.properties", ".composer/auth.json", ".gem/credentials", ".config/containers/auth.json",
            ".thunderbird", ".config/Slack", ".local/state/paddock", ".config/paddock/policy.toml", ".config/Bitwarden CLI/data.json",
        )),
        "/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd", "/run/user/1000/bus", "/etc/shadow",
        "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key", "/root", "/root/x", "/proc", "/proc/1/environ", "/sys", "/dev",
        "/etc/paddock/policy.toml", "/var/lib/docker",
    ],
)  # fmt: skip
def test_each_credential_location_is_refused_and_so_is_what_lies_in_it(path):
    assert refusal(path, path, HOME)


@pytest.mark.parametrize(
    "path",
    ["/", "/home", HOME, f"{HOME}/", f"{HOME}/.config", f"{HOME}/.local", f"{HOME}/.local/share", f"{HOME}/.cargo", "/etc", "/var",
     "/run", "/etc/ssh", f"{HOME}//.ssh", f"{HOME}/./.ssh/", f"{HOME}/work/../.ssh", "/../home/dev", f"{HOME}/.aws/.", "//", "/./"],
)  # fmt: skip
def test_parents_and_odd_spellings_are_refused(path):
    assert refusal(path, path, HOME)


@pytest.mark.parametrize(
    "path",
    [f"{HOME}/work", f"{HOME}/.sshx", f"{HOME}/.aws-docs", f"{HOME}/.cargo/bin", f"{HOME}/.pyenv", f"{HOME}/.nvm", f"{HOME}/.local/bin",
     "/opt", "/srv/data", "/usr/share", "/etc/ssh/ssh_config", "/etc/ssl/certs", "/etc/shadow.d", "/procession", "/home2/x", f"{HOME}/.SSH",
     "/var/lib/dpkg", "/mnt/x", f"{HOME}/.ssh\n", f"{HOME}/a\udcff"],
)  # fmt: skip
def test_other_places_are_not(path):
    assert refusal(path, path, HOME) is None


def test_the_reason_names_the_location_and_why():
    assert refusal(f"{HOME}/.aws/x", f"{HOME}/.aws/x", HOME) == "it lies in /home/dev/.aws (cloud credentials)"
    assert "contains" in (refusal(HOME, HOME, HOME) or "")
    through = refusal("/srv/link", f"{HOME}/.ssh", HOME)
    assert through == "it leads to /home/dev/.ssh, and it is /home/dev/.ssh (SSH keys)"


def test_a_lexical_name_of_a_credential_is_refused_also_when_it_leads_elsewhere():
    assert refusal(f"{HOME}/.ssh", "/srv/harmless", HOME)


def test_other_peoples_homes_are_refused_when_root_asks():
    for path in ("/home/other/.ssh", "/home/other", "/home/other/.config"):
        assert refusal(path, path, "/root")
    assert refusal("/root/.ssh", "/root/.ssh", "/root")
    assert refusal("/root/project", "/root/project", "/root") is None
    assert refusal("/home/other/project", "/home/other/project", "/root") is None


def test_a_home_that_is_the_root_directory_or_unusual_is_covered():
    assert refusal("/.ssh/id", "/.ssh/id", "/")
    assert refusal("/data/people/x/.netrc", "/data/people/x/.netrc", "/data/people/x/")


@pytest.mark.parametrize("path", ["", "relative", ".ssh", "/a\0b"])
def test_what_is_no_absolute_path_is_refused(path):
    assert refusal(path, "/a", HOME)
    assert refusal("/a", path, HOME)


def test_variables_move_locations():
    environ = {"GNUPGHOME": "/data/keys", "XDG_CONFIG_HOME": "/data/config", "SSH_AUTH_SOCK": "/tmp/ssh-x/agent.1", "KUBECONFIG": "/d/a:/d/b",
               "KRB5CCNAME": "FILE:/tmp/krb5cc_1", "CODEX_HOME": "relative", "NETRC": "/"}  # fmt: skip
    known = locations(HOME, environ)
    for path in (
        "/data/keys",
        "/data/config/gh",
        "/data/config",
        "/tmp/ssh-x",
        "/tmp/ssh-x/agent.1",
        "/d/b",
        "/d",
        "/tmp/krb5cc_1",
    ):
        assert refusal(path, path, HOME, known), path
    assert refusal("/srv/x", "/srv/x", HOME, known) is None  # nonsense values add nothing


def test_where_a_location_really_lies_is_refused_too(tmp_path):
    home, vault = tmp_path / "home", tmp_path / "vault"
    home.mkdir()
    (vault / "ssh").mkdir(parents=True)
    (home / ".ssh").symlink_to(vault / "ssh")
    known = locations(str(home), {}, os.path.realpath)
    assert "leads there" in (refusal(f"{vault}/ssh/id", f"{vault}/ssh/id", str(home), known) or "")
    assert refusal(str(vault), str(vault), str(home), known)
    assert refusal(f"{vault}/other", f"{vault}/other", str(home), known) is None


components = st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=8)


@given(
    st.sampled_from([place for place in locations(HOME) if "*" not in place.path]),
    st.lists(components, max_size=4),
    st.booleans(),
)
def test_nothing_below_or_above_a_location_is_ever_allowed(place, below, by_real):
    below = [part for part in below if part not in (".", "..")]
    inside = "/".join([place.path, *below])
    assert refusal("/srv/x" if by_real else inside, inside, HOME)
    parent = place.path
    while parent:
        parent = parent.rpartition("/")[0]
        assert refusal(parent or "/", parent or "/", HOME)


@given(st.text(), st.text())
def test_any_text_gets_an_answer(path, real):
    assert refusal(path, real, HOME) is None or refusal(path, real, HOME)


SECRET_LOOKING = """GITHUB_TOKEN GH_TOKEN NPM_TOKEN ANTHROPIC_API_KEY OPENAI_API_KEY AWS_ACCESS_KEY_ID AWS_PROFILE SSH_AUTH_SOCK GPG_AGENT_INFO
DBUS_SESSION_BUS_ADDRESS DOCKER_HOST KUBECONFIG PGPASSWORD MYSQL_PWD DB_PASSWORD DATABASE_URL SENTRY_DSN CLIENT_SECRET SECRET_KEY_BASE
GOOGLE_APPLICATION_CREDENTIALS VAULT_TOKEN my_api_key npm_config__auth npm_config_//r.example/:_authToken TWINE_PASSWORD GIT_ASKPASS
SSH_ASKPASS GIT_CONFIG_VALUE_0 HTTPS_PROXY https_proxy PIP_INDEX_URL SOME_KEY2 API_KEY_1 XAUTHORITY ANTHROPIC_AUTH_TOKEN BW_SESSION SSH_KEY_PATH
AZURE_CLIENT_ID MONGODB_URI ACTIONS_ID_TOKEN_REQUEST_URL GITHUB_PAT hunterpassword1 MYAPPTOKEN X_COOKIE DOCKER_AUTH_CONFIG"""
PLAIN = """PATH HOME LANG LC_ALL TERM COLORTERM EDITOR PWD OLDPWD USER SHELL TZ CI GOPATH RUST_LOG NODE_ENV PYTHONPATH AUTHOR GIT_AUTHOR_NAME
KEYBOARD TOKENIZERS_PARALLELISM MONKEYPATCH PASSENGER_APP JAVA_HOME NO_COLOR COLUMNS PYTHONDONTWRITEBYTECODE ANTHROPIC_MODEL"""


@pytest.mark.parametrize("name", SECRET_LOOKING.split())
def test_secret_looking_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN.split())
def test_plain_names(name):
    assert not is_secret_name(name)


@given(st.text(), st.sampled_from(["_TOKEN", "_KEY", "_SECRET", "_PASSWORD", "_CREDENTIALS"]))
def test_a_telling_end_decides_whatever_comes_before(start, end):
    assert is_secret_name(start + end) or (start + end).upper() == "TOKENIZERS_PARALLELISM"
