"""What the broker lets out, with which proof, and what it lets in; each as bytes of one request."""

from __future__ import annotations

import base64
import gzip
import random
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.credentials.brokered import Brokered, Secret
from paddock.credentials.canaries import Canary
from paddock.gateway.http.requests import BadRequest, Request
from paddock.gateway.secrets import broker
from paddock.gateway.secrets.broker import Broker, Meter, gate_for
from paddock.gateway.secrets.custody import Custody
from paddock.plan.model import Bound, Credential, Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Callable

API = "api.example.test"
REAL, FAKE = "sk-real-0123456789abcdef", "sk-fake-zyxwvutsrqponmlk"
OTHER_REAL, OTHER_FAKE = "ghp_real0123456789ABCDEFG", "ghp_fakezyxwvutsrqponmlk0"
CANARY = b"AKIACANARYCANARY1234"
ORIGIN = Origin("person", "policy.toml:1")
Fields = list[tuple[bytes, bytes]]


def brokered(
    name: str = "model",
    shape: str = "bearer",
    *bound: Bound,
    secret: str = REAL,
    placeholder: str = FAKE,
    user: str = "",
) -> Brokered:
    credential = Credential(name, "env:KEY", shape, bound or (Bound(API, 443),), ("KEY",), ORIGIN, user=user)
    return Brokered(credential, placeholder, Secret(secret))


OTHER = brokered("code", "bearer", Bound("code.example.test", 443), secret=OTHER_REAL, placeholder=OTHER_FAKE)


class Talk:
    """What a broker needs of a connection, and what it did with it."""

    def __init__(self, rule: Rule, custody: Custody, *, is_secure: bool) -> None:
        self.endpoint, self.is_secure = endpoint_of(rule), is_secure
        self.custody, self.engine, self.record = custody, self, self
        self.alarms: list[str] = []
        self.credentials: list[str] = []
        self.talks: set[Any] = set()

    def alarm(self, what: str) -> None:
        self.alarms.append(what)

    def used(self, credential: str, _: object) -> None:
        self.credentials.append(credential)


def made(
    *held: Brokered, rule: Rule | None = None, is_secure: bool = True, canaries: tuple[Canary, ...] = ()
) -> tuple[Broker, Talk]:
    talk = Talk(rule or Rule(API, 443, ORIGIN), Custody(held, canaries), is_secure=is_secure)
    return Broker(talk), talk  # type: ignore[arg-type] # all that is used of one


def request(method: bytes = b"POST", target: bytes = b"/v1/x", *fields: tuple[bytes, bytes]) -> Request:
    return Request(method, target, ((b"Host", API.encode()), *fields))


def get(passed: Request, name: bytes) -> list[bytes]:
    return [value for given, value in passed.headers if given.lower() == name.lower()]


def reason(gate: Broker, *pieces: bytes, asked: Request) -> tuple[str, str]:
    """Why a request with this body is refused."""
    with pytest.raises(BadRequest) as caught:
        sent(gate, *pieces, asked=asked)
    return caught.value.reason, caught.value.credential


def sent(gate: Broker, *pieces: bytes, asked: Request) -> bytes:
    """The body that goes out."""
    gate.request(asked)
    return b"".join(gate.body(piece) for piece in pieces) + gate.body_end()


class TestProofs:
    @pytest.mark.parametrize(
        "shown",
        [
            [(b"Authorization", f"Bearer {FAKE}".encode())],
            [(b"authorization", f"Bearer {FAKE}".encode())],
            [(b"x-api-key", FAKE.encode())],
            [(b"Authorization", b"Basic " + base64.b64encode(f"user:{FAKE}".encode()))],
            [(b"Authorization", f"Bearer {FAKE}".encode()), (b"AUTHORIZATION", b"Bearer somebody-else")],
            [(b"Authorization", b"Bearer a-stranger's-key"), (b"Cookie", b"session=a-stranger's")],
            [],
        ],
    )
    def test_the_credential_takes_the_place_of_whatever_the_client_sent(self, shown: Fields) -> None:
        gate, talk = made(brokered())
        passed = gate.request(request(b"POST", b"/v1/x", *shown))
        assert get(passed, b"authorization") == [f"Bearer {REAL}".encode()]
        assert not get(passed, b"x-api-key")
        assert not get(passed, b"cookie")
        assert talk.credentials == ["model"]

    def test_it_goes_in_its_own_header(self) -> None:
        gate, _ = made(brokered(shape="header:x-api-key"))
        passed = gate.request(
            request(b"POST", b"/v1/x", (b"X-Api-Key", FAKE.encode()), (b"Authorization", b"Bearer x"))
        )
        assert get(passed, b"x-api-key") == [REAL.encode()]
        assert not get(passed, b"authorization")

    @pytest.mark.parametrize(
        ("user", "shown", "expected"),
        [
            ("me", b"someone", b"me"), ("", b"someone", b"someone"), ("", b"", b"x-access-token"), ("", None, b"x-access-token"),
        ],
    )  # fmt: skip
    def test_basic_has_the_credentials_user_or_the_clients(
        self, user: str, shown: bytes | None, expected: bytes
    ) -> None:
        gate, _ = made(brokered(shape="basic", user=user))
        fields = (
            [] if shown is None else [(b"Authorization", b"Basic " + base64.b64encode(shown + b":" + FAKE.encode()))]
        )
        passed = gate.request(request(b"GET", b"/repo.git/info/refs", *fields))
        assert get(passed, b"authorization") == [b"Basic " + base64.b64encode(expected + b":" + REAL.encode())]

    def test_of_several_the_one_goes_whose_placeholder_was_shown(self) -> None:
        second = brokered("second", "header:x-api-key", secret=OTHER_REAL, placeholder=OTHER_FAKE)
        gate, _ = made(brokered(), second)
        passed = gate.request(request(b"POST", b"/v1/x", (b"x-api-key", OTHER_FAKE.encode())))
        assert get(passed, b"x-api-key") == [OTHER_REAL.encode()]
        assert not get(passed, b"authorization")
        assert not get(gate.request(request()), b"authorization")

    def test_the_host_header_decides_nothing(self) -> None:
        gate, _ = made(OTHER)
        asked = Request(
            b"GET", b"/", ((b"Host", b"code.example.test"), (b"Authorization", f"Bearer {OTHER_FAKE}".encode()))
        )
        assert reason(gate, asked=asked) == ("placeholder-elsewhere", "code")

    @pytest.mark.parametrize(
        "bound",
        [Bound(API, 8443), Bound(API, 443, methods=("GET",)), Bound(API, 443, paths=("/v2/*",)), Bound("x.test", 443)],
    )
    def test_a_credential_stays_at_its_place(self, bound: Bound) -> None:
        gate, talk = made(brokered("model", "bearer", bound))
        assert reason(gate, asked=request(b"POST", b"/v1/x", (b"Authorization", f"Bearer {FAKE}".encode()))) == (
            "placeholder-elsewhere", "model",
        )  # fmt: skip
        assert not get(gate.request(request()), b"authorization")
        assert talk.credentials == []

    def test_a_path_that_could_be_read_differently_gets_no_credential(self) -> None:
        gate, _ = made(brokered("model", "bearer", Bound(API, 443, paths=("/v1/*",))))
        for target in (b"/v1/../v2/x", b"/v1/%2e%2e/v2", b"/v1/%252e%252e/v2", b"//v1/x", b"/v1\\x"):
            assert not get(gate.request(request(b"GET", target)), b"authorization")

    def test_nothing_goes_without_tls(self) -> None:
        gate, talk = made(brokered("model", "bearer", Bound(API, 80)), rule=Rule(API, 80, ORIGIN), is_secure=False)
        shown = (b"Authorization", f"Bearer {FAKE}".encode())
        assert reason(gate, asked=request(b"GET", b"/", shown))[0] == "credential-plain"
        assert talk.credentials == []

    @pytest.mark.parametrize(
        ("rule", "is_secure", "expected"),
        [
            (Rule(API, 80, ORIGIN), False, False),
            (Rule(API, 443, ORIGIN), True, True),
            (Rule("127.0.0.1", 61001, ORIGIN, upstream=f"https://{API}:443", loopback=True), False, True),
            (Rule("127.0.0.1", 8080, ORIGIN, private=True, upstream="127.0.0.1:8080", loopback=True), False, True),
            (
                Rule("127.0.0.1", 61001, ORIGIN, private=True, upstream="model.example.test:80", loopback=True),
                False,
                True,
            ),
            (Rule("model.example.test", 80, ORIGIN, private=True), False, False),
            (Rule("model.example.test", 80, ORIGIN, private=True, upstream="192.0.2.1:80"), False, False),
            (Rule("host", 8080, ORIGIN, private=True, upstream="127.0.0.1:8080"), False, True),
        ],
    )
    def test_where_a_secret_stays_unread(self, rule: Rule, is_secure: bool, expected: bool) -> None:
        assert broker.may_carry(endpoint_of(rule), is_secure=is_secure) is expected

    def test_an_agents_endpoint_leads_to_the_bound_host(self) -> None:
        rule = Rule("127.0.0.1", 61001, ORIGIN, upstream=f"https://{API}:443", loopback=True)
        gate, _ = made(brokered(shape="header:x-api-key"), rule=rule, is_secure=False)
        assert get(gate.request(request(b"POST", b"/v1/messages")), b"x-api-key") == [REAL.encode()]

    @pytest.mark.parametrize("query", [b"access_token=x", b"a=b&api_key=x", b"%61ccess_token=x", b"a;API_KEY=x"])
    def test_nobody_proves_who_asks_in_the_query(self, query: bytes) -> None:
        gate, _ = made(brokered())
        assert reason(gate, asked=request(b"GET", b"/v1?" + query)) == ("credential-in-query", "model")

    def test_for_google_a_key_in_the_query_is_one(self) -> None:
        gate, _ = made(brokered(shape="header:x-goog-api-key"))
        assert reason(gate, asked=request(b"GET", b"/v1?key=stranger"))[0] == "credential-in-query"
        gate, _ = made(brokered())
        gate.request(request(b"GET", b"/v1?key=PROJ-1"))

    def test_an_answer_is_asked_for_that_can_be_read(self) -> None:
        gate, _ = made(brokered())
        passed = gate.request(request(b"GET", b"/", (b"Accept-Encoding", b"gzip, br"), (b"Range", b"bytes=5-")))
        assert get(passed, b"accept-encoding") == [b"identity"]
        assert not get(passed, b"range")
        gate, _ = made()
        assert gate.request(asked := request(b"GET", b"/", (b"Accept-Encoding", b"gzip"))) is asked

    def test_a_new_secret_is_used_and_the_old_one_still_looked_for(self) -> None:
        gate, talk = made(brokered())
        from paddock.credentials import renewals

        assert talk.custody.renew(renewals.Renewed("model", Secret("sk-real-new-0123456789"))) == ""
        assert get(gate.request(request()), b"authorization") == [b"Bearer sk-real-new-0123456789"]
        assert reason(gate, REAL.encode(), asked=request()) == ("secret-outgoing", "model")


class TestRules:
    def test_methods_and_paths_bound_requests(self) -> None:
        gate, _ = made(rule=Rule(API, 443, ORIGIN, methods=("GET",), paths=("/v1/*",)))
        gate.request(request(b"GET", b"/v1/x?y"))
        for method, target in ((b"POST", b"/v1/x"), (b"GET", b"/v2/x"), (b"GET", b"/v1/../v2"), (b"get", b"/v1/x")):
            assert reason(gate, asked=request(method, target)) == ("rule-request", "")

    @pytest.mark.parametrize(
        "name", [b"X-HTTP-Method-Override", b"x_http_method_override", b"X-Original-URL", b"X-Rewrite-Url"]
    )
    @pytest.mark.parametrize("bounds", [{"methods": ("GET", "POST")}, {"paths": ("/v1/*",)}])
    def test_no_header_may_ask_for_another_method_or_path(self, name: bytes, bounds: dict[str, Any]) -> None:
        asked = request(b"POST", b"/v1/x", (name, b"/v2/x"))
        gate, _ = made(rule=Rule(API, 443, ORIGIN, **bounds))
        assert reason(gate, asked=asked) == ("http-steered", "")
        gate, talk = made(brokered("model", "bearer", Bound(API, 443, **bounds)))
        assert reason(gate, asked=asked) == ("http-steered", "")
        assert talk.credentials == []
        gate, _ = made(brokered())
        gate.request(asked)  # where nothing bounds them, some clients of large services do so for long queries

    def test_what_is_sent_is_counted_to_the_byte(self) -> None:
        gate, talk = made(rule=Rule(API, 443, ORIGIN, upload=1000))
        gate.request(request())
        left = 1000 - talk.custody.uploads.sent(API)
        assert gate.body(bytes(left)) == bytes(left)
        with pytest.raises(BadRequest, match="upload-spent"):
            gate.body(b"x")
        assert talk.custody.uploads.sent(API) == 1000


PLACES: dict[str, Any] = {
    "target": lambda text: (request(b"GET", b"/v1/" + quote(text, safe="").encode()), ()),
    "query": lambda text: (request(b"GET", b"/v1?a=" + text), ()),
    "header": lambda text: (request(b"GET", b"/", (b"X-Anything", text)), ()),
    "header in base64": lambda text: (request(b"GET", b"/", (b"X-Anything", base64.b64encode(b"a:" + text))), ()),
    "header's name": lambda text: (request(b"GET", b"/", (text, b"x")), ()),
    "body": lambda text: (request(), (b"some text ", text, b" more")),
    "body in pieces": lambda text: (request(), tuple(text[at : at + 1] for at in range(len(text)))),
    "body in hex": lambda text: (request(), (text.hex().encode(),)),
    "gzip": lambda text: (request(b"POST", b"/", (b"Content-Encoding", b"gzip")), (gzip.compress(b"a" * 99 + text),)),
    "deflate": lambda text: (request(b"POST", b"/", (b"content-encoding", b"deflate")), (zlib.compress(text),)),
}


class TestLeaks:
    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("text", [OTHER_REAL, OTHER_FAKE])
    def test_a_secret_and_a_placeholder_go_nowhere_else(self, place: str, text: str) -> None:
        gate, _ = made(brokered(), OTHER, rule=Rule("web.example.test", 443, ORIGIN))
        asked, pieces = PLACES[place](text.encode())
        code = "secret-outgoing" if text == OTHER_REAL else "placeholder-elsewhere"
        assert reason(gate, *pieces, asked=asked) == (code, "code")

    @pytest.mark.parametrize("place", PLACES)
    def test_a_canary_raises_an_alarm(self, place: str) -> None:
        gate, talk = made(rule=Rule("web.example.test", 443, ORIGIN), canaries=(Canary("canary-aws", "/x", (CANARY,)),))
        asked, pieces = PLACES[place](CANARY)
        assert reason(gate, *pieces, asked=asked) == ("canary-used", "canary-aws")
        assert talk.alarms == ["canary-aws was sent to web.example.test:443"]

    @pytest.mark.parametrize("shown", [REAL, OTHER_REAL, OTHER_FAKE])
    def test_a_secret_is_no_proof_either(self, shown: str) -> None:
        """Also the host's own: inside nobody can know it."""
        gate, _ = made(brokered(), OTHER)
        asked = request(b"POST", b"/v1/x", (b"Authorization", f"Bearer {shown}".encode()))
        assert reason(gate, asked=asked)[0] in ("secret-outgoing", "placeholder-elsewhere")

    @pytest.mark.parametrize("place", [place for place in PLACES if not place.startswith(("body", "gzip", "deflate"))])
    def test_a_placeholder_in_another_place_of_the_bound_host_is_refused(self, place: str) -> None:
        gate, _ = made(brokered())
        asked, _pieces = PLACES[place](FAKE.encode())
        assert reason(gate, asked=asked) == ("placeholder-elsewhere", "model")

    @pytest.mark.parametrize("text", [FAKE.encode(), OTHER_FAKE.encode(), CANARY])
    def test_an_agent_may_tell_its_model_what_it_has_seen(self, text: bytes) -> None:
        gate, talk = made(brokered(), OTHER, canaries=(Canary("canary-aws", "/x", (CANARY,)),))
        assert sent(gate, b"env says ", text, asked=request()) == b"env says " + text
        assert talk.alarms == []

    @pytest.mark.parametrize("text", [REAL, OTHER_REAL])
    def test_but_no_secret(self, text: str) -> None:
        gate, _ = made(brokered(), OTHER)
        assert reason(gate, text.encode(), asked=request())[0] == "secret-outgoing"

    def test_nothing_of_a_secret_has_gone_when_it_is_found(self) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        text, out = b"x" * 300 + REAL.encode(), b""
        for at in range(len(text) - 1):
            out += gate.body(text[at : at + 1])
        with pytest.raises(BadRequest):
            gate.body(text[-1:])
        assert set(out) == {ord("x")}

    @pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"gzip, br", b"compress"])
    def test_a_body_that_cannot_be_looked_into_is_refused(self, encoding: bytes) -> None:
        gate, _ = made(brokered())
        assert reason(gate, asked=request(b"POST", b"/", (b"Content-Encoding", encoding)))[0] == "body-encoding"
        gate, _ = made()  # where there is nothing to be looked for, nobody looks
        gate.request(request(b"POST", b"/", (b"Content-Encoding", encoding)))

    def test_a_body_that_is_not_what_it_says_is_refused(self) -> None:
        gate, _ = made(brokered())
        asked = request(b"POST", b"/", (b"Content-Encoding", b"gzip"))
        assert reason(gate, b"plain " * 9, asked=asked)[0] == "body-damaged"
        assert reason(gate, gzip.compress(b"x" * 999)[:-9], asked=asked)[0] == "body-damaged"
        assert reason(gate, gzip.compress(bytes(40 << 20)), asked=asked)[0] == "body-dense"

    @given(st.lists(st.binary(max_size=2000), max_size=8))
    def test_a_body_goes_out_as_it_came(self, pieces: list[bytes]) -> None:
        gate, _ = made(brokered(), OTHER)
        assert sent(gate, *pieces, asked=request()) == b"".join(pieces)

    def test_one_request_leaves_nothing_for_the_next(self) -> None:
        gate, _ = made(OTHER)
        half = len(OTHER_REAL) // 2
        assert sent(gate, OTHER_REAL[:half].encode(), asked=request()) == OTHER_REAL[:half].encode()
        assert sent(gate, OTHER_REAL[half:].encode(), asked=request()) == OTHER_REAL[half:].encode()


class TestAnswers:
    def test_a_secret_that_comes_back_is_read_as_the_placeholder(self) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        fields = gate.response(200, [(b"X-Echo", f"Bearer {REAL}".encode()), (b"Content-Length", b"99")])
        assert fields == [(b"X-Echo", f"Bearer {FAKE}".encode()), (b"Content-Length", b"99")]
        text = f"you sent {REAL} and {REAL.encode().hex()}".encode()
        body = b"".join(gate.response_body(text[at : at + 3]) for at in range(0, len(text), 3)) + gate.response_end()
        assert body == f"you sent {FAKE} and {FAKE.encode().hex()}".encode()
        assert gate.fields([(b"X-Trailer", REAL.encode())]) == [(b"X-Trailer", FAKE.encode())]

    def test_what_was_sent_as_basic_is_not_readable_either(self) -> None:
        gate, _ = made(brokered(shape="basic", user="me"))
        passed = gate.request(request())
        fields = gate.response(401, [(b"X-Echo", get(passed, b"authorization")[0])])
        assert REAL[1:-1].encode() not in base64.b64decode(fields[0][1][6:])

    def test_an_event_is_not_held_back(self) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        gate.response(200, [(b"Content-Type", b"text/event-stream")])
        assert gate.response_body(b"data: {}\n\n") == b"data: {}\n\n"

    @pytest.mark.parametrize(("coding", "packed"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
    def test_a_secret_in_an_answer_that_is_compressed_unasked_does_not_come_in(
        self, coding: bytes, packed: Callable[[bytes], bytes]
    ) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        gate.response(200, [(b"Content-Encoding", coding)])
        noise = bytes(random.Random(1).randbytes(5000))
        body, came = packed(noise + f'{{"Authorization": "Bearer {REAL}"}}'.encode() + noise), b""
        with pytest.raises(BadRequest, match="secret-incoming") as caught:  # noqa: PT012 - somewhere in the stream
            for at in range(0, len(body), 7):
                came += gate.response_body(body[at : at + 7])
        assert caught.value.credential == "model"
        assert len(came) < 5000

    def test_any_other_compressed_answer_comes_in_as_it_is(self) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        gate.response(200, [(b"Content-Encoding", b"gzip")])
        body = gzip.compress(random.Random(1).randbytes(5000))
        came = b"".join(gate.response_body(body[at : at + 7]) for at in range(0, len(body), 7))
        assert came + gate.response_end() == body

    @pytest.mark.parametrize(("coding", "body"), [(b"br", b"x"), (b"gzip, gzip", b"x"), (b"gzip", REAL.encode())])
    def test_an_answer_that_cannot_be_looked_into_does_not_come_in_where_a_secret_was_sent(
        self, coding: bytes, body: bytes
    ) -> None:
        gate, _ = made(brokered())
        gate.request(request())
        gate.response(200, [(b"Content-Encoding", coding)])
        assert gate.response_end() == b""  # as to HEAD
        with pytest.raises(BadRequest, match="answer-encoding"):
            gate.response_body(body)
        gate, _ = made(OTHER)
        gate.request(request())
        gate.response(200, [(b"Content-Encoding", coding)])
        assert gate.response_body(body) == body

    def test_answers_of_other_hosts_are_not_changed(self) -> None:
        gate, _ = made(OTHER)
        gate.request(request())
        fields: Fields = [(b"X", OTHER_REAL.encode())]
        assert gate.response(200, fields) is fields


AWS = brokered("aws", "sigv4", secret="AKIDEXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY:real-session-token",
               placeholder="AKIDPLACEHOLDER:fakefakefakefakefakefakefakefakefakefake:fake-session-token")  # fmt: skip
SIGNED = (
    b"AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/20150830/us-east-1/sts/aws4_request, "
    b"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=00"
)
STAMP = (b"X-Amz-Date", b"20150830T123600Z")


class TestAws:
    def test_a_signed_request_is_signed_anew(self) -> None:
        gate, talk = made(AWS)
        asked = request(
            b"GET", b"/", STAMP, (b"Authorization", SIGNED), (b"X-Amz-Security-Token", b"fake-session-token")
        )
        passed = gate.request(asked)
        assert b"Credential=AKIDEXAMPLE/20150830" in get(passed, b"authorization")[0]
        assert get(passed, b"x-amz-security-token") == [b"real-session-token"]
        assert talk.credentials == ["aws"]

    def test_the_body_is_waited_for_where_its_hash_is_signed(self) -> None:
        gate, talk = made(AWS)
        asked = request(b"POST", b"/", STAMP, (b"Authorization", SIGNED), (b"Content-Length", b"5"))
        assert gate.needs_body(asked)
        assert get(gate.request(asked, b"a=b&c"), b"authorization") != get(
            gate.request(asked, b"a=b&d"), b"authorization"
        )
        talk.talks = {type("Other", (), {"gate": gate})}
        gate.keep(broker.MOST_KEPT)
        with pytest.raises(BadRequest, match="body-long"):
            gate.keep(1)

    def test_what_is_not_signed_stays_so(self) -> None:
        gate, _ = made(AWS)
        passed = gate.request(request(b"GET", b"/", (b"Authorization", b"Bearer stranger")))
        assert not get(passed, b"authorization")

    def test_a_session_token_that_comes_back_is_read_as_the_placeholder(self) -> None:
        gate, _ = made(AWS)
        gate.request(request(b"GET", b"/", STAMP, (b"Authorization", SIGNED)))
        assert gate.response(200, [(b"X", b"real-session-token")]) == [(b"X", b"fake-session-token")]

    def test_the_key_is_looked_for_and_its_id_is_not(self) -> None:
        gate, _ = made(AWS, rule=Rule("web.example.test", 443, ORIGIN))
        gate.request(request(b"GET", b"/?id=AKIDEXAMPLE"))
        assert reason(gate, AWS.secret.split(":")[1].encode(), asked=request())[0] == "secret-outgoing"


class TestGateFor:
    @pytest.mark.parametrize(
        ("rule", "held", "canaries"),
        [
            (Rule(API, 443, ORIGIN, methods=("GET",)), (), ()),
            (Rule(API, 443, ORIGIN, paths=("/v1/*",)), (), ()),
            (Rule(API, 443, ORIGIN), (OTHER,), ()),
            (Rule(API, 443, ORIGIN), (), (Canary("key", "/x", (CANARY,)),)),
        ],
    )
    def test_whatever_is_to_be_judged_has_a_broker(
        self, rule: Rule, held: tuple[Brokered, ...], canaries: tuple[Canary, ...]
    ) -> None:
        _, talk = made(*held, rule=rule, canaries=canaries)
        assert isinstance(gate_for(talk), Broker)  # type: ignore[arg-type] # all that is used of one

    def test_where_there_is_nothing_to_judge_bytes_are_counted_as_a_broker_counts_them(self) -> None:
        rule = Rule(API, 443, ORIGIN, upload=1000)
        gate, talk = made(rule=rule)
        sent(gate, b"x" * 100, asked=request())
        expected = talk.custody.uploads.sent(API)
        _, other = made(rule=rule)
        meter = gate_for(other)  # type: ignore[arg-type] # as above
        assert isinstance(meter, Meter)
        meter.request(request())
        assert meter.body(b"x" * 100) == b"x" * 100
        assert other.custody.uploads.sent(API) == expected > 100
        with pytest.raises(BadRequest, match="upload-spent"):
            meter.body(b"x" * 900)
