"""Package managers against the registries that this host's own clients are set up for, asked of those at run time.

No registry is named here. Where its address is not public, as behind a company's mirror, the person's policy says so,
as theirs must.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from paddock.gateway.outside import guard
from paddock.plan.environment import CERTIFICATES
from tests import capabilities
from tests.capabilities import needs
from tests.conftest import Person
from tests.real.support import fetched, quietly

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [needs("bubblewrap", "registries"), pytest.mark.net, pytest.mark.slow]

PYTHON_PACKAGE, NPM_PACKAGE = "toolz", "is-number"
UV, PNPM = "uv==0.13.8", "pnpm@9.15.9"
# By themselves npm and pnpm would ask for a refused name for 70 s.
PATIENCE_S = 60
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Registry:
    """Where a client gets packages: its index first, and every other host that the index leads to."""

    index: str
    others: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)  # the client's own settings, as on the host

    def places(self) -> set[tuple[str, int]]:
        parts = [urlsplit(url) for url in (self.index, *self.others)]
        return {(part.hostname or "", part.port or PORTS[part.scheme]) for part in parts}


def _said(*argv: str) -> str:
    """What a program of the host says about its settings, as the tests' own caller has them."""
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", timeout=120).stdout.strip()


def _certificates() -> dict[str, str]:
    """The authorities that this host's clients are told to trust."""
    names = (*CERTIFICATES, "PIP_CERT", "npm_config_cafile")
    return {name: os.environ[name] for name in names if name in os.environ}


@pytest.fixture(scope="session")
def python_registry() -> Registry:
    """pip's index, from its configuration or, where there is none, from pip itself."""
    pip = (sys.executable, "-m", "pip")
    default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    configured = os.environ.get("PIP_INDEX_URL") or _said(*pip, "config", "get", "global.index-url")
    index = configured or _said(sys.executable, "-c", default)
    page_at = f"{index.rstrip('/')}/{PYTHON_PACKAGE}/"
    # What the page leads to, as pip on this host sees it: files often lie on another host.
    page = _said(sys.executable, "-c", _PAGE, page_at)
    others = {urljoin(page_at, link) for link in re.findall(r'href="([^"#]+)', page)}
    assert others, f"no package on {page_at}"
    return Registry(index, tuple(sorted(others)), {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index})


_PAGE = """
import sys
from pip._vendor import requests
print(requests.get(sys.argv[1], timeout=60).text)
"""


@pytest.fixture(scope="session")
def npm_registry() -> Registry:
    """npm's registry, from its configuration, and where it keeps its archives."""
    capabilities.require("npm")
    index = _said("npm", "config", "get", "registry")
    archive = _said("npm", "view", NPM_PACKAGE, "dist.tarball")
    settings = {"npm_config_registry": index, "npm_config_update_notifier": "false"}
    cafile = _said("npm", "config", "get", "cafile")
    if cafile not in ("", "null", "undefined"):
        settings["npm_config_cafile"] = cafile
    return Registry(index, (archive,), settings)


@dataclass(frozen=True)
class Buyer:
    """Runs package managers inside, for a person whose policy allows a registry's places, or none of them."""

    person: Person
    repo: Path

    def __call__(
        self, *argv: str, registry: Registry, allowed: bool = True, show: Iterable[Path] = ()
    ) -> subprocess.CompletedProcess[str]:
        places = sorted(registry.places()) if allowed else [("api.example.test", 443)]
        private = [place for place in places if allowed and not _is_public(*place)]
        self._policy(private)
        flags = [word for place in places if place not in private for word in ("--allow", f"{place[0]}:{place[1]}")]
        flags += [word for name, value in registry.environ.items() for word in ("--env", f"{name}={value}")]
        flags += [word for path in show for word in ("--read", str(path))]
        person = Person(self.person.home, {**self.person.extra, **_certificates()})
        return person.call("run", "--net", "allow", *flags, "--", *argv, cwd=self.repo, timeout_s=PATIENCE_S)

    def _policy(self, private: list[tuple[str, int]]) -> None:
        file = self.person.home / ".config/paddock/policy.toml"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        rules = (f'{{ host = "{host}", port = {port}, private = true }}' for host, port in private)
        file.write_text(f"[network]\nallow = [{', '.join(rules)}]\n")
        file.chmod(0o600)


def _is_public(host: str, port: int) -> bool:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return any(guard.classify(socket.inet_pton(family, str(where[0]))) == "public" for family, *_, where in found)


@pytest.fixture
def buy(person: Person, repo: Path) -> Buyer:
    return Buyer(person, repo)


@pytest.fixture(scope="session")
def uv(cache: Path) -> Path:
    """uv, as pip installs it."""

    def build(place: Path) -> None:
        options = ("--disable-pip-version-check", "--quiet", "--no-deps", "--root-user-action=ignore")
        quietly(sys.executable, "-m", "pip", "install", *options, "--target", place, UV, cwd=place)

    return fetched(cache, "uv", build)


@pytest.fixture(scope="session")
def pnpm(cache: Path) -> Path:
    """pnpm, as npm installs it."""
    capabilities.require("npm")

    def build(place: Path) -> None:
        quietly("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", place, PNPM, cwd=place)

    return fetched(cache, "pnpm", build)


def changed(done: subprocess.CompletedProcess[str], person: Person, repo: Path) -> str:
    """What the command brought, by the change set's own account."""
    assert done.returncode == 0, done.stdout + done.stderr
    return person.call("diff", "--name-only", cwd=repo).stdout


def test_pip(buy: Buyer, python_registry: Registry) -> None:
    pip = ("/usr/bin/python3", "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--dest", "got")
    done = buy(*pip, PYTHON_PACKAGE, registry=python_registry)
    assert f"got/{PYTHON_PACKAGE}-" in changed(done, buy.person, buy.repo)
    refused = buy(*pip, "--retries", "0", PYTHON_PACKAGE, registry=python_registry, allowed=False)
    assert refused.returncode != 0
    assert "No matching distribution found" in refused.stderr
    assert f"refused {urlsplit(python_registry.index).hostname}" in refused.stderr


def test_uv(buy: Buyer, python_registry: Registry, uv: Path) -> None:
    install = (f"{uv}/bin/uv", "pip", "install", "--no-cache", "--python", "/usr/bin/python3", "--target", "got")
    done = buy(*install, PYTHON_PACKAGE, registry=python_registry, show=[uv])
    assert f"got/{PYTHON_PACKAGE}/" in changed(done, buy.person, buy.repo)
    refused = buy(*install, "--reinstall", PYTHON_PACKAGE, registry=python_registry, allowed=False, show=[uv])
    assert refused.returncode != 0
    assert "dns error" in refused.stderr
    assert f"refused {urlsplit(python_registry.index).hostname}" in refused.stderr


@needs("npm")
def test_npm(buy: Buyer, npm_registry: Registry) -> None:
    install = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
    done = buy(*install, NPM_PACKAGE, registry=npm_registry)
    assert f"node_modules/{NPM_PACKAGE}/" in changed(done, buy.person, buy.repo)
    refused = buy(*install, "kind-of", registry=npm_registry, allowed=False)
    assert refused.returncode != 0
    assert "npm error code ENOTFOUND" in refused.stderr
    assert f"refused {urlsplit(npm_registry.index).hostname}" in refused.stderr


@needs("npm", "node")
def test_pnpm(buy: Buyer, npm_registry: Registry, pnpm: Path) -> None:
    add = (f"{pnpm}/node_modules/.bin/pnpm", "add", "--config.package-import-method=copy")
    done = buy(*add, NPM_PACKAGE, registry=npm_registry, show=[pnpm])
    assert f"node_modules/{NPM_PACKAGE}" in changed(done, buy.person, buy.repo)
    refused = buy(*add, "kind-of", registry=npm_registry, allowed=False, show=[pnpm])
    assert refused.returncode != 0
    assert "ENOTFOUND" in refused.stdout + refused.stderr
    assert f"refused {urlsplit(npm_registry.index).hostname}" in refused.stderr


APT = """
Dir "{top}/apt";
Dir::State::status "{top}/apt/status";
Dir::Etc "{top}/apt/etc";
Dir::Etc::trustedparts "/usr/share/keyrings";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "0";
"""


@needs("apt")
def test_apt_as_an_ordinary_user(buy: Buyer) -> None:
    """One distribution of the host's own sources, with everything of apt's in the repository."""
    wanted = ("Created-By: Packages", "Component: main", "Origin: Debian")
    listed = _said("apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE)", *wanted) or _said(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", wanted[0], wanted[1]
    )
    archive, suite = listed.splitlines()[0].split()
    apt = buy.repo / "apt"
    for part in ("etc/preferences.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "etc/sources.list").write_text(f"deb {archive} {suite} main\n")
    (apt / "apt.conf").write_text(APT.format(top=buy.repo))
    registry = Registry(archive, environ={"APT_CONFIG": str(apt / "apt.conf")})
    fetch = "set -e; apt-get update; cd got; apt-get download hello; ls"
    (buy.repo / "got").mkdir()
    done = buy("sh", "-c", fetch, registry=registry)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"(?m)^hello_.*\.deb$", done.stdout)
    assert "refused" not in done.stderr
    refused = buy("apt-get", "update", "--error-on=any", registry=registry, allowed=False)
    assert refused.returncode != 0
    assert f"Could not resolve '{urlsplit(archive).hostname}'" in refused.stderr
