"""Which hosts are terminated, and the variables by which programs inside trust whoever does it."""

from __future__ import annotations

import pytest

from paddock.plan import trusting
from paddock.plan.model import Bound, Credential, Network, Rule, Variable
from paddock.policy.model import Origin

FLAG = Origin("flag", "--allow")


def network(*rules: Rule) -> Network:
    return Network("allow", rules, FLAG)


def credential(*bound: Bound) -> Credential:
    return Credential("token", "env:TOKEN", "bearer", bound, ("TOKEN",), FLAG)


@pytest.mark.parametrize(
    ("rule", "bound", "expected"),
    [
        (Rule("a.test", 443, FLAG), None, ()),
        (Rule("a.test", 443, FLAG, methods=("GET",)), None, ("a.test",)),
        (Rule("*.a.test", 443, FLAG, paths=("/x",)), None, ("*.a.test",)),
        (Rule("a.test", 443, FLAG), Bound("a.test", 443), ("a.test",)),
        (Rule("a.test", 443, FLAG), Bound("a.test", 8443), ()),
        (Rule("a.test", 443, FLAG), Bound("b.test", 443), ()),
        (Rule("*.a.test", 443, FLAG), Bound("b.a.test", 443), ("b.a.test",)),
        (Rule("b.a.test", 443, FLAG), Bound("*.a.test", 443), ("*.a.test",)),
        (Rule("a.test", 443, FLAG), Bound("*.a.test", 443), ()),
        (Rule("127.0.0.1", 61001, FLAG, loopback=True, paths=("/v1/*",)), None, ()),
        (Rule("127.0.0.1", 443, FLAG, loopback=True, upstream="https://a.test:443"), Bound("a.test", 443), ()),
        (Rule("a.test", 443, FLAG, raw=True), Bound("a.test", 443), ()),
    ],
)
def test_what_has_to_be_read_is_terminated(rule: Rule, bound: Bound | None, expected: tuple[str, ...]) -> None:
    assert trusting.terminated(network(rule), [credential(bound)] if bound else []) == expected


def test_nothing_is_terminated_without_a_network() -> None:
    rule = Rule("a.test", 443, FLAG, methods=("GET",))
    assert trusting.terminated(Network("off", (rule,), FLAG), [credential(Bound("a.test", 443))]) == ()


def test_every_kind_of_client_is_led_to_the_files() -> None:
    values = {variable.name: variable.value for variable in trusting.with_trust((), [])}
    assert values["SSL_CERT_FILE"] == values["REQUESTS_CA_BUNDLE"] == values["GIT_SSL_CAINFO"]
    assert values["NODE_EXTRA_CA_CERTS"] == f"{trusting.PLACE}/{trusting.ADDED}"
    assert f"trustStore={trusting.PLACE}/{trusting.JAVA} " in values["JAVA_TOOL_OPTIONS"]
    assert "SSL_CERT_DIR" not in values
    assert list(values) == sorted(values)


def test_what_the_caller_has_is_replaced_since_the_bundle_holds_it() -> None:
    passed = Variable("SSL_CERT_FILE", "/srv/company.pem", Origin("machine", "SSL_CERT_FILE"), passed=True)
    notes: list[str] = []
    found = {variable.name: variable for variable in trusting.with_trust((passed,), notes)}
    assert found["SSL_CERT_FILE"].value == f"{trusting.PLACE}/{trusting.BUNDLE}"
    assert not found["SSL_CERT_FILE"].passed
    assert notes == []


def test_what_a_policy_sets_stays_and_is_told() -> None:
    written = Variable("SSL_CERT_FILE", "/srv/other.pem", Origin("person", "policy.toml:3"))
    notes: list[str] = []
    found = {variable.name: variable.value for variable in trusting.with_trust((written,), notes)}
    assert found["SSL_CERT_FILE"] == "/srv/other.pem"
    assert len(notes) == 1
    assert "SSL_CERT_FILE is set" in notes[0]


def test_options_for_java_are_kept_and_added_to() -> None:
    own = Variable("JAVA_TOOL_OPTIONS", "-Xmx1g", Origin("person", "policy.toml:3"))
    found = {variable.name: variable.value for variable in trusting.with_trust((own,), [])}
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Djavax.net.ssl.trustStore=")
