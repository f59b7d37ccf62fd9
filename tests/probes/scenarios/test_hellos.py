"""First words of TLS clients: the one that is in order is read, and each of the others is refused."""

from __future__ import annotations

import pytest

from paddock.gateway.tls.hello import BadHello, HelloReader
from paddock.gateway.tls.retries import Watch
from paddock.probes.scenarios import hellos

HOST = "api.example.test"
FORMS = hellos.forms(HOST) | hellos.endless(HOST)


def test_the_one_in_order_asks_for_its_host() -> None:
    reader = HelloReader()
    assert reader.feed(hellos.well_formed(HOST)[0])
    assert reader.server_name == HOST.encode()


@pytest.mark.parametrize("what", FORMS)
def test_each_other_is_refused_or_never_complete(what: str) -> None:
    sent, known = FORMS[what]
    assert all(mark in sent for mark in known)
    reader = HelloReader()
    try:
        is_complete = reader.feed(sent)
    except BadHello:
        return
    if is_complete:  # what is wrong is behind it
        with pytest.raises(BadHello):
            Watch(lambda _: None).client(sent)


def test_no_two_are_known_by_the_same() -> None:
    assert len({known for _, known in FORMS.values()}) == len(FORMS)
