"""Attacks on the environment: secrets, and handles to programs outside, in the sandbox's own variables."""

from __future__ import annotations

import os
import re

from paddock.probes.inside.effects import Given, row

_SECRET_NAME = re.compile("TOKEN|SECRET|PASSW|KEY|CREDENTIAL", re.IGNORECASE)
HANDLES = (
    "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DOCKER_HOST",
    "VSCODE_IPC_HOOK_CLI", "GIT_ASKPASS", "REMOTE_CONTAINERS_IPC", "BROWSER", "GPG_AGENT_INFO", "KUBECONFIG",
)  # fmt: skip


def is_secret(name: str) -> bool:
    """Whether a variable of that name is one to keep outside."""
    return bool(_SECRET_NAME.search(name))


@row("CR-21 env-canary")
def environment(given: Given) -> list[str]:
    return [name for name, value in os.environ.items() if given.holds(os.fsencode(value))]


@row("CR-22 env-secret-names")
def secret_names(given: Given) -> list[str]:
    return [name for name in os.environ if is_secret(name)]


@row("CR-23 env-ipc-handles")
def handles(given: Given) -> list[str]:
    return [name for name in HANDLES if name in os.environ]
