"""What clients do on the wire without being asked: ask for IPv6 first, connect many times, resume, upgrade, upload."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.real.internet import API, ELSEWHERE, MODERN
from tests.real.services import BIG

if TYPE_CHECKING:
    import subprocess

    from tests.real.internet import Internet, Resident

pytestmark = needs("bubblewrap", "internet", "curl")

BOTH = pytest.mark.parametrize("scheme", ["http", "https"])


@dataclass(frozen=True)
class Curl:
    """Runs programs inside, where the API may be reached with TLS and without."""

    resident: Resident
    repo: Path

    def run(self, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        allowed = [word for name in (API, f"{API}:80", f"{MODERN}:8443") for word in ("--allow", name)]
        passed = [word for name, value in environ.items() for word in ("--env", f"{name}={value}")]
        return self.resident.call("run", "--workspace", "scratch", *allowed, *passed, "--", *argv, cwd=self.repo)

    def __call__(self, *arguments: str, **environ: str) -> str:
        done = self.run("curl", "-sS", "--fail", *arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def curl(resident: Resident, repo: Path) -> Curl:
    return Curl(resident, repo)


@pytest.mark.parametrize("options", ["use-vc", "edns0", "use-vc edns0 single-request", "timeout:1 attempts:1 rotate"])
def test_the_c_library_may_ask_in_any_way_that_it_knows(curl: Curl, options: str) -> None:
    assert curl(f"https://{API}/", RES_OPTIONS=options) == f"hello from {API}\n"
    refused = curl.run("curl", "-sS", f"https://{ELSEWHERE}/", RES_OPTIONS=options)
    assert refused.returncode == 6  # it knows at once that there is no such name, and does not wait for a server
    assert "Could not resolve host" in refused.stderr


@needs("node")
def test_a_resolver_of_another_make_gets_the_same_answers(curl: Curl) -> None:
    script = """
        import { promises as dns } from "node:dns";
        const [name, other] = process.argv.slice(1);
        const ask = (kind, of) => dns.resolve(of, kind).then((found) => found.length, (error) => error.code);
        const kinds = ["A", "AAAA", "TXT", "SRV", "MX", "CNAME"];
        const found = await Promise.all([...kinds.map((kind) => ask(kind, name)), ask("A", other)]);
        console.log(found.join(" "));
    """
    done = curl.run("node", "--input-type=module", "--eval", script, "--", API, ELSEWHERE)
    assert done.stdout.split() == ["1", "ENODATA", "ENODATA", "ENODATA", "ENODATA", "ENODATA", "ENOTFOUND"]


@needs("node")
def test_http_2_is_agreed_on_inside_tls_that_nobody_opens(curl: Curl) -> None:
    assert curl("--http2", f"https://{MODERN}:8443/") == f"hello over HTTP/2.0 from {MODERN}:8443\n"
    assert curl("--http1.1", f"https://{MODERN}:8443/") == f"hello over HTTP/1.1 from {MODERN}:8443\n"


def test_the_certificate_is_the_services_own(curl: Curl) -> None:
    done = curl.run("curl", "-sSv", f"https://{API}/")
    assert "issuer: CN=An authority of the tests" in done.stderr
    distrustful = curl.run("curl", "-sS", "--cacert", "/etc/ssl/certs/ca-certificates.crt", f"https://{API}/")
    assert distrustful.returncode == 60
    assert "certificate" in distrustful.stderr


@BOTH
def test_forty_connections_at_once(curl: Curl, internet: Internet, scheme: str) -> None:
    urls = f"{scheme}://{API}/[1-40]"
    said = curl("--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", "40", urls)
    assert said.count(f"hello from {API}") == 40
    assert len({request["connection"] for request in internet.requests(API)}) > 1


@BOTH
def test_a_connection_is_used_again(curl: Curl, internet: Internet, scheme: str) -> None:
    curl(f"{scheme}://{API}/one", f"{scheme}://{API}/two", f"{scheme}://{API}/three")
    assert len({request["connection"] for request in internet.requests(API)}) == 1


@BOTH
def test_a_client_that_waits_to_be_told_to_go_on_is_told(
    curl: Curl, internet: Internet, scheme: str, repo: Path
) -> None:
    (repo / "upload").write_bytes(BIG)
    said = curl("--expect100-timeout", "600", "-H", "Expect: 100-continue", "-T", "upload", f"{scheme}://{API}/take")
    assert said == f"{len(BIG)} {hashlib.sha256(BIG).hexdigest()}\n"
    assert internet.requests(API)[0]["headers"]["expect"] == "100-continue"


@BOTH
def test_an_upload_of_unknown_length_arrives_whole(curl: Curl, internet: Internet, scheme: str, repo: Path) -> None:
    (repo / "upload").write_bytes(BIG)
    done = curl.run("sh", "-c", f"cat upload | curl -sS --fail -T - {scheme}://{API}/take")
    assert done.stdout == f"{len(BIG)} {hashlib.sha256(BIG).hexdigest()}\n"
    assert internet.requests(API)[0]["headers"]["transfer-encoding"] == "chunked"


@BOTH
def test_a_part_and_then_the_rest(curl: Curl, internet: Internet, scheme: str) -> None:
    url = f"{scheme}://{API}/big"
    script = f"curl -sS -r 0-999999 -o it {url} && curl -sS -C - -o it {url} && sha256sum it"
    done = curl.run("sh", "-ec", script)
    assert done.stdout.split()[0] == hashlib.sha256(BIG).hexdigest(), done.stderr
    ranges = [request["headers"]["range"] for request in internet.requests(API)]
    assert ranges == ["bytes=0-999999", "bytes=1000000-"]


def test_settings_for_a_proxy_stay_outside(curl: Curl, resident: Resident, repo: Path) -> None:
    proxy = "http://proxy.example.test:3128"
    done = resident.call(
        "run", "--allow", API, "--", "curl", "-sS", f"https://{API}/",
        cwd=repo, http_proxy=proxy, https_proxy=proxy, HTTPS_PROXY=proxy, ALL_PROXY=proxy,
    )  # fmt: skip
    assert done.stdout == f"hello from {API}\n", done.stderr


@pytest.mark.parametrize("address", ["192.0.2.1", "169.254.169.254", "[2d0f::2]", "10.0.0.1"])
def test_an_address_without_a_name_has_no_route(curl: Curl, internet: Internet, address: str) -> None:
    done = curl.run("curl", "-sS", f"https://{address}/")
    assert done.returncode == 7
    assert not internet.requests()


def test_a_guessed_address_of_the_gateways_has_nobody(curl: Curl) -> None:
    done = curl.run("curl", "-sS", "--resolve", f"{ELSEWHERE}:443:198.18.1.77", f"https://{ELSEWHERE}/")
    assert done.returncode == 7
    assert "Couldn't connect" in done.stderr


def test_the_address_of_one_name_serves_no_other(curl: Curl, internet: Internet) -> None:
    script = f'address=$(getent ahostsv4 {API} | cut -d" " -f1 | head -n 1); '
    tls = script + f"curl -sS --resolve {ELSEWHERE}:443:$address https://{ELSEWHERE}/"
    done = curl.run("sh", "-c", tls)
    assert done.returncode == 35
    assert "unrecognized name" in done.stderr
    assert f"refused {API}:443 (the TLS server name is not the name that was looked up)" in done.stderr
    plain = script + f"curl -sS --resolve {ELSEWHERE}:80:$address http://{ELSEWHERE}/"
    done = curl.run("sh", "-c", plain)
    assert '"reason": "http-other-host"' in done.stdout
    assert f"refused {API}:80" in done.stderr
    assert not internet.requests()
