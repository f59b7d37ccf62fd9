"""Attacks on credentials: files in the home where thieves look, and the helpers and agents that hand some out."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from typing import TYPE_CHECKING

from paddock.probes.inside.effects import Given, Skipped, hear, opens, row

if TYPE_CHECKING:
    from paddock.probes.inside.effects import Attack

# By probe, a file below the home. Each holds a canary of its own.
SECRETS = {
    "FS-02 home-canary-read": ".ssh/id_canary",
    "CR-01 ssh": ".ssh/id_ed25519",
    "CR-02 aws": ".aws/credentials",
    "CR-03 gh": ".config/gh/hosts.yml",
    "CR-04 kube": ".kube/config",
    "CR-05 docker": ".docker/config.json",
    "CR-06 netrc": ".netrc",
    "CR-06 pgpass": ".pgpass",
    "CR-07 npmrc": ".npmrc",
    "CR-08 pypirc": ".pypirc",
    "CR-09 git-credentials": ".git-credentials",
    "CR-10 gcloud": ".config/gcloud/application_default_credentials.json",
    "CR-11 gnupg": ".gnupg/private-keys-v1.d/key",
    "CR-11 age": ".config/sops/age/keys.txt",
    "CR-12 shell-history": ".bash_history",
    "CR-12 python-history": ".python_history",
    "CR-13 claude": ".claude/.credentials.json",
    "CR-14 codex": ".codex/auth.json",
    "CR-14 gemini": ".gemini/oauth_creds.json",
    "CR-14 opencode": ".local/share/opencode/auth.json",
    "CR-14 copilot": ".config/github-copilot/apps.json",
    "CR-14 pi": ".pi/agent/auth.json",
    "CR-15 cargo": ".cargo/credentials.toml",
    "CR-15 huggingface": ".cache/huggingface/token",
    "CR-16 azure": ".azure/msal_token_cache.json",
    "CR-17 keyring": ".local/share/keyrings/login.keyring",
    "CR-17 password-store": ".password-store/mail.gpg",
    "CR-18 browser": ".mozilla/firefox/profile/logins.json",
    "CR-19 vault": ".vault-token",
    "CR-20 terraform": ".terraform.d/credentials.tfrc.json",
}
HOST = "git.example.test"  # whose password the person's git keeps
WAIT_S = 5.0  # for a program's answer, on a busy machine
# What a cluster mounts into each of its containers.
_ACCOUNTS = (
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "/run/secrets/kubernetes.io/serviceaccount/token",
    "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "/var/run/secrets/azure/tokens/azure-identity-token",
)
# SSH agents (draft-ietf-sshm-ssh-agent, 3.5): SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENT_IDENTITIES_ANSWER.
REQUEST_IDENTITIES, IDENTITIES_ANSWER = 11, 12


def _secret(path: str) -> Attack:
    return lambda given: given.reads(f"{given.home}/{path}")


for _name, _path in SECRETS.items():
    row(_name)(_secret(_path))


@row("CR-27 ssh-agent")
def ssh_agent(given: Given) -> list[str]:
    """Ask for the keys it holds, as the first step of a login elsewhere. The host counts who asks."""
    said = b""
    for path in {given["agent"], os.environ.get("SSH_AUTH_SOCK", given["agent"])}:
        try:
            os.chdir(os.path.dirname(path))  # sun_path holds 108 bytes only
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
                ours.settimeout(WAIT_S)
                ours.connect(os.path.basename(path))
                ours.sendall(struct.pack("!IB", 1, REQUEST_IDENTITIES))
                said += ours.recv(4096)
        except OSError:
            continue
    return ["read the agent's list of keys"] if given.holds(said) else []


@row("CR-28 git-remote-token")
def remote_token(given: Given) -> list[str]:
    return given.tries(".git/config")


@row("CR-29 dotenv-policy")
def dotenv(given: Given) -> list[str]:
    return given.reads(".env")


@row("CR-30 k8s-sa-token")
def service_account(given: Given) -> list[str]:
    return opens(*_ACCOUNTS)


@row("CR-32 helper-scope")
def git_helper(given: Given) -> list[str]:
    """Ask git for a password that the person's own git knows, with the helpers that it may have."""
    git = shutil.which("git")
    if not git:
        raise Skipped("there is no git")
    helpers = ("", f"store --file={given.home}/.git-credentials", "cache", "libsecret")
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "HOME": given.home}
    found = []
    for helper in helpers:
        words = ("-c", f"credential.helper={helper}") if helper else ()
        said = _answer((git, *words, "credential", "fill"), environ, f"protocol=https\nhost={HOST}\n\n".encode())
        found += [f"read the password for {HOST} by {helper or 'the configured helper'}"] * given.holds(said)
    return found


def _answer(argv: tuple[str, ...], environ: dict[str, str], asked: bytes) -> bytes:
    """What a program says when it is asked; nothing if it takes longer, such as for a person's answer."""
    (asking, ask), (here, there) = os.pipe(), os.pipe()
    os.write(ask, asked)
    os.close(ask)
    pid = os.fork()
    if pid == 0:
        try:
            for descriptor, standard in ((asking, 0), (there, 1), (os.open(os.devnull, os.O_WRONLY), 2)):
                os.dup2(descriptor, standard)
            os.execve(argv[0], argv, environ)
        finally:
            os._exit(127)
    os.close(asking)
    os.close(there)
    return hear(pid, here, WAIT_S)
