"""`[credentials.NAME]`: what it may say, and what is said about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.errors import PolicyError
from paddock.policy import bindings
from paddock.policy.layering import loosenings, merge
from paddock.policy.parsing import parse_toml
from paddock.policy.rows import rows

if TYPE_CHECKING:
    from paddock.policy.model import Binding

GITHUB = """\
[credentials.github]
source = "command:gh auth token"
variables = ["GITHUB_TOKEN", "GH_TOKEN"]
hosts = [
  "api.github.com",
  { host = "*.example.test", port = 8443, methods = ["get"], paths = ["/v1/*"] },
]
"""


def parsed(text: str, kind: Any = "person") -> tuple[Binding, ...]:
    return merge([parse_toml(text, "policy.toml", kind)], trusted=True).credentials


def one(**fields: str) -> Binding:
    given = {"source": '"env:TOKEN"', "hosts": '["a.example"]', **fields}
    return parsed("[credentials.a]\n" + "".join(f"{key} = {value}\n" for key, value in given.items()))[0]


def refused(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    return caught.value


def refusal(**fields: str) -> str:
    given = {"source": '"env:TOKEN"', "hosts": '["a.example"]', **fields}
    return refused("[credentials.a]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())).what


def test_a_credential_is_read_with_the_lines_of_its_parts() -> None:
    (found,) = parsed(GITHUB)
    assert (found.name, found.source, found.shape) == ("github", "command:gh auth token", "bearer")
    assert found.variables == ("GITHUB_TOKEN", "GH_TOKEN")
    assert str(found.origin) == "person policy.toml:1"
    first, second = found.hosts
    assert (first.host, first.port, first.origin.where) == ("api.github.com", 443, "policy.toml:5")
    assert (second.host, second.port, second.origin.where) == ("*.example.test", 8443, "policy.toml:6")
    assert (second.methods, second.paths) == (("GET",), ("/v1/*",))


def test_the_variable_of_a_source_holds_the_placeholder_where_nothing_else_is_said() -> None:
    assert one().variables == ("TOKEN",)
    assert one(variables='["OTHER"]').variables == ("OTHER",)
    assert "expected variables" in refusal(source='"file:/run/token"')
    aws = one(source='"command:aws configure export-credentials"', shape='"sigv4"')
    assert aws.variables == ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    assert one(source='"env:ID,KEY"', shape='"sigv4"').variables == ("ID", "KEY")


@pytest.mark.parametrize(
    ("shape", "more", "found"),
    [
        ('"bearer"', {}, "bearer"),
        ('"basic"', {"user": '"x-access-token"'}, "basic"),
        ('"header:X-API-Key"', {}, "header:x-api-key"),
    ],
)
def test_shapes(shape: str, more: dict[str, str], found: str) -> None:
    assert one(shape=shape, **more).shape == found


def test_how_long_a_secret_is_good() -> None:
    assert one(source='"file:/run/token"', variables='["T"]', ttl='"30m"').ttl_s == 1800


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"source": '"vault:x"'}, 'credentials.a.source: expected "env:NAME"'),
        ({"source": '"environ:x"'}, 'did you mean "env:…"?'),
        ({"source": '"TOKEN"'}, "not a text that begins with none of these"),
        ({"source": "1"}, "or a list of arguments, not 1"),
        ({"hosts": "[]"}, "credentials.a.hosts: expected a list of 1 to 100 hosts"),
        ({"hosts": '["*"]'}, "would allow every host"),
        ({"hosts": '["https://a.example/"]'}, "expected a host name, not an address"),
        ({"hosts": '[{ host = "a.example", raw = true }]'}, "no credential can be put"),
        ({"shape": '"token"'}, 'expected "bearer", "basic", "sigv4" or "header:NAME"'),
        ({"shape": '"header:"'}, "expected the name of a header"),
        ({"shape": '"header:a b"'}, "expected the name of a header"),
        ({"shape": '"header:Host"'}, "no credential goes into the header host"),
        ({"shape": '"header:Transfer-Encoding"'}, "no credential goes into the header transfer-encoding"),
        ({"shape": '"basic"'}, "basic needs a user"),
        ({"user": '"ann"'}, "a user belongs to basic only"),
        ({"shape": '"basic"', "user": '"a:b"'}, "without a colon"),
        ({"shape": '"sigv4"'}, "sigv4 needs the variables of its parts"),
        ({"shape": '"sigv4"', "source": '"file:/a"', "variables": '["A"]'}, "sigv4 needs two or three variables"),
        ({"variables": '["PATH"]'}, "PATH has a value of its own inside"),
        ({"source": '"env:PATH"'}, "name others in variables"),
        ({"variables": '["A*"]'}, "expected the name of a variable"),
        ({"variables": "[]"}, "expected a list of 1 to 20 names"),
        ({"ttl": '"30m"'}, "does not change"),
        ({"ttl": "30"}, "expected a duration"),
        ({"ttl": '"9s"', "source": '"file:/a"', "variables": '["A"]'}, 'expected at least "10s"'),
        ({"secret": '"x"'}, 'unknown key "secret"'),
        ({"host": '["x"]'}, "did you mean hosts?"),
    ],
)  # fmt: skip
def test_mistakes_are_named(fields: dict[str, str], message: str) -> None:
    assert message in refusal(**fields)


def test_a_value_written_in_place_of_a_source_is_not_quoted() -> None:
    for written in ('"hunter2"', '"literal:hunter2"', '["a", "hunter2\\u0000"]'):
        error = refused(f'[credentials.a]\nsource = {written}\nhosts = ["a.example"]\n')
        assert "hunter2" not in error.what + error.why


def test_every_problem_is_told_with_its_line() -> None:
    error = refused('[credentials.a]\nsource = "x:y"\nshape = "z"\nhosts = [\n"*",\n"a b",\n]\n')
    lines = [error.what, *error.why.splitlines()]
    assert [line.split(":")[1] for line in lines] == ["2", "3", "5", "6"]


@pytest.mark.parametrize("name", ["A", "a.b", "é", "a/b", "x" * 65, "\\u001b[2J"])
def test_names_are_plain(name: str) -> None:
    assert (
        "expected a name of small letters" in refused(f'[credentials."{name}"]\nsource = "env:A"\nhosts = ["a"]\n').what
    )


@pytest.mark.parametrize(
    "text", ["[credentials]\na = 1\n", "credentials = 1\n", "[credentials.a]\n", "[[credentials.a]]\n"]
)
def test_what_is_no_table_is_refused(text: str) -> None:
    assert "policy.toml:" in refused(text).what


def test_an_empty_section_in_the_floor_forbids_all() -> None:
    floor = parse_toml("[credentials]\n", "/etc/paddock/policy.toml", "floor")
    with pytest.raises(PolicyError, match="loosens the floor") as caught:
        merge([floor, parse_toml(GITHUB, "policy.toml", "person")], trusted=True)
    assert caught.value.code == "floor"


def test_an_untrusted_file_binds_nothing_and_what_it_asked_is_shown_in_full() -> None:
    layer = parse_toml(GITHUB, "paddock.toml", "repository")
    found = merge([layer], trusted=False)
    assert found.credentials == ()
    assert "ignored until you trust this file" in found.notes[0]
    (asked,) = loosenings([layer])
    for part in ("command:gh auth token", "bearer", "api.github.com:443", "*.example.test:8443", "/v1/*", "GH_TOKEN"):
        assert part in asked.asked


def test_an_untrusted_file_cannot_bend_the_persons() -> None:
    person = parse_toml(GITHUB, "policy.toml", "person")
    bent = GITHUB.replace("api.github.com", "evil.example")
    found = merge([person, parse_toml(bent, "paddock.toml", "repository")], trusted=False)
    assert found.credentials == parsed(GITHUB)


def test_who_speaks_later_decides_where_one_comes_from_and_goes() -> None:
    person = parse_toml(GITHUB, "policy.toml", "person")
    other = parse_toml(GITHUB.replace("gh auth token", "other"), "paddock.toml", "repository")
    (found,) = merge([person, other], trusted=True).credentials
    assert (found.source, found.origin.kind) == ("command:other", "repository")


def test_a_policy_shows_each_with_its_line() -> None:
    found = [
        row for row in rows(merge([parse_toml(GITHUB, "policy.toml", "person")], trusted=True)) if "NAME" in row.key
    ]
    assert found[0].value.startswith(
        'github: "command:gh auth token" as bearer to api.github.com:443, *.example.test:8443'
    )
    assert str(found[0].origin) == "person policy.toml:1"


def test_a_wider_one_covers_a_narrower_one_only() -> None:
    wide = one(hosts='["*.a.example", "b.example"]')
    narrow = one(hosts='[{ host = "x.a.example", methods = ["GET"] }]')
    assert bindings.covers(wide, narrow)
    assert not bindings.covers(narrow, wide)
