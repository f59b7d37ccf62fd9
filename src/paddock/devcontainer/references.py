"""What a Feature's reference means: a registry's Feature with a version or digest, a tarball, a local folder.

The grammar is that of the Dev Container specification, "Features distribution", as the reference CLI reads it: whatever
comes after the last colon behind the last slash is the tag, `@sha256:` a digest, and letters are taken as lower case.
"""

from __future__ import annotations

import posixpath
import re

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["local", "registry", "tarball", "short"]
    Listed = Literal["local", "registry", "tarball"]  # as a `FeatureUse` has it

LATEST = "latest"
_PATH = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
_VERSION = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_TARBALL = re.compile(r"devcontainer-feature-([a-zA-Z0-9_-]+)\.tgz")
_EXACT = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+].*)?")
# Short names of the first, registry-less Features; the CLI takes those that it still knows for major version 1.
_MOVED = {"golang": "go", "common": "common-utils", "gradle": "java", "maven": "java", "jupyterlab": "python"}
_SHORT = frozenset(
    "aws-cli azure-cli desktop-lite docker-in-docker docker-from-docker dotnet git git-lfs github-cli java "  # noqa: SIM905
    "kubectl-helm-minikube node powershell python ruby rust sshd terraform".split()
)


@frozen
class Reference:
    """A reference, taken apart. `wrong` says why the reference CLI refuses it.

    `resource` is what is the same for all versions of one Feature: host, namespace and id in lower case; the normalised
    path of a local one, relative to the configuration's folder; a tarball's address. `tag` is empty with a digest, and
    `latest` where nothing is said. A `short` name has no host.
    """

    text: str
    kind: Kind
    resource: str
    id: str
    tag: str = ""
    digest: str = ""
    wrong: str = ""

    @property
    def path(self) -> str:
        """Of a registry's Feature, namespace and id without the host: the same on every mirror."""
        return self.resource.partition("/")[2] if self.kind == "registry" else self.resource

    @property
    def exact(self) -> bool:
        """Whether the same bytes come every time, as far as a reference can say it: a digest or a full version."""
        return bool(self.digest) or _EXACT.fullmatch(self.tag) is not None


def parse(text: str) -> Reference:
    """Take a reference apart. Never raises: what is wrong is said in the value."""
    if text.startswith(("./", "../", "/")):
        return _local(text)
    if text.startswith("https://"):
        return _tarball(text)
    if "/" not in text and "\\" not in text:
        return _short(text)
    return _registry(text)


def _local(text: str) -> Reference:
    path = posixpath.normpath(text)
    wrong = (
        "an absolute path is not allowed, a local Feature is in the configuration's folder" if path[:1] == "/" else ""
    )
    return Reference(text, "local", path, posixpath.basename(path), wrong=wrong)


def _tarball(text: str) -> Reference:
    name = text.partition("?")[0].partition("#")[0].rpartition("/")[2]
    found = _TARBALL.fullmatch(name)
    wrong = "" if found else f"a tarball's name is devcontainer-feature-ID.tgz, not {name!r}"
    return Reference(text, "tarball", text, found[1] if found else name, wrong=wrong)


def _short(text: str) -> Reference:
    name = text.partition("@")[0]
    name = _MOVED.get(name, name)
    known = name in _SHORT or name in _MOVED.values()
    wrong = "" if known else "a Feature's name needs its registry and namespace, or ./ for a local one"
    return Reference(text, "short", f"devcontainers/features/{name}", name, tag="1", wrong=wrong)


def _registry(text: str) -> Reference:
    lowered = text.lower()
    resource, at, digest = lowered.rpartition("@")
    tag = ""
    if not at:
        resource, digest = lowered, ""
        if ":" in lowered.rpartition("/")[2]:
            resource, _, tag = lowered.rpartition(":")
        tag = tag or (LATEST if resource == lowered else "")
    wrong = _wrong(lowered, resource, tag, digest if at else None)
    return Reference(text, "registry", resource, resource.rpartition("/")[2], tag, digest, wrong)


def _wrong(text: str, resource: str, tag: str, digest: str | None) -> str:
    path = resource.partition("/")[2]
    if text.startswith(".") or not _PATH.fullmatch(path) or "/" not in path:
        return "it is no REGISTRY/NAMESPACE/ID with an optional :VERSION or @sha256:DIGEST"
    if digest is None:
        return "" if _VERSION.fullmatch(tag) else f"{tag!r} is no version"
    name, _, value = digest.partition(":")
    return "" if name == "sha256" and _VERSION.fullmatch(value) else f"{digest!r} is no sha256 digest"
