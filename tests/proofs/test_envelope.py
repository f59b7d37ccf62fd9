"""Signed proofs: what was edited, cut, forged or signed by somebody else is refused, each in its own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PaddockError, Refused
from paddock.frozen import replace
from paddock.policy import canonical
from paddock.probes import proof as proofs
from paddock.proofs import key
from paddock.proofs.envelope import LARGEST_BYTES, known_key, seal, verify
from tests.proofs.made_up import HELD, proof

if TYPE_CHECKING:
    from pathlib import Path

ODD = replace(HELD, id="FS-03 odd", evidence=("read /a\udcff\x1b[31m", "é\u2028"))


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"HOME": str(tmp_path_factory.mktemp("home"))}


@pytest.fixture(scope="module")
def envelope(environ: dict[str, str]) -> dict[str, Any]:
    return seal(proof(HELD, ODD), environ)


def raw(data: object) -> bytes:
    return json.dumps(data).encode()


def test_what_was_sealed_is_verified_and_is_the_same_proof(environ: dict[str, str], envelope: dict[str, Any]) -> None:
    assert (envelope["schema"], envelope["signature"]["algorithm"]) == (1, "ed25519")
    own = key.public_key(environ)
    for text in (raw(envelope), json.dumps(envelope, indent=3, sort_keys=True).encode()):
        found = verify(text, ["00" * 32, own])
        assert (found.proof, found.key) == (proof(HELD, ODD), own)


def test_the_signature_is_ed25519_over_what_the_documentation_says(envelope: dict[str, Any]) -> None:
    """With nothing of ours but the canonical text, so that others can verify it too."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = dict(envelope["signature"])
    value = bytes.fromhex(signature.pop("value"))
    text = json.dumps({**envelope, "signature": signature}, sort_keys=True, separators=(",", ":"))
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["key"])).verify(value, text.encode())


def test_each_bit_of_the_value_counts(environ: dict[str, str], envelope: dict[str, Any]) -> None:
    value = bytes.fromhex(envelope["signature"]["value"])
    for at in range(0, len(value) * 8, 7):
        other = bytearray(value)
        other[at // 8] ^= 1 << at % 8
        edited = {**envelope, "signature": {**envelope["signature"], "value": other.hex()}}
        assert refused(raw(edited), environ).code == "proof-signature"


def refused(text: bytes, environ: dict[str, str]) -> PaddockError:
    with pytest.raises(Refused) as caught:
        verify(text, [key.public_key(environ)])
    assert caught.value.why
    assert caught.value.next_step
    return caught.value


def edits(data: Any) -> list[Any]:
    """The same data with one thing changed, at every place."""
    if isinstance(data, dict):
        return [{name: value for name, value in data.items() if name != left} for left in data] + [
            {**data, name: other} for name, value in data.items() for other in edits(value)
        ] + [{**data, "more": 1}]  # fmt: skip
    if isinstance(data, list):
        return [[*data, *data], data[1:]][: len(data) + 1] + [
            [*data[:at], other, *data[at + 1 :]] for at, item in enumerate(data) for other in edits(item)
        ]
    return [not data] if isinstance(data, bool) else [f"{data}x"] if isinstance(data, str) else [data + 1]


def test_every_edit_of_the_proof_is_noticed(environ: dict[str, str], envelope: dict[str, Any]) -> None:
    changed = [other for other in edits(envelope["proof"]) if other != envelope["proof"]]
    assert len(changed) > 80
    for other in changed:
        assert refused(raw({**envelope, "proof": other}), environ).code == "proof-signature"


def test_a_signature_of_another_key_is_good_and_not_ours(
    environ: dict[str, str], tmp_path: Path, envelope: dict[str, Any]
) -> None:
    other = {"HOME": str(tmp_path)}
    foreign = seal(proof(), other)
    error = refused(raw(foreign), environ)
    assert error.code == "proof-key"
    assert key.public_key(other) in error.why
    assert verify(raw(foreign), [key.public_key(other).upper()]).proof == proof()
    with pytest.raises(Refused, match="another key"):
        verify(raw(envelope), [])
    # Its name in the place of ours does not make it ours.
    claimed = {**foreign, "signature": {**foreign["signature"], "key": key.public_key(environ)}}
    assert refused(raw(claimed), environ).code == "proof-signature"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "proof-damaged"),
        (b"\xff\xfe", "proof-damaged"),
        (b"[]", "proof-damaged"),
        (b"[" * 100_000, "proof-damaged"),
        (b'{"schema": 2}', "proof-damaged"),
        (b'{"schema": 1, "schema": 1}', "proof-damaged"),
        (b'{"schema": NaN}', "proof-damaged"),
        (b'{"schema": 1}', "proof-unsigned"),
        (raw({"schema": 1, "proof": {}, "signature": []}), "proof-unsigned"),
        (raw({"schema": 1, "proof": {}, "signature": {"algorithm": "none", "key": "", "value": ""}}), "proof-signature"),
        (raw({"schema": 1, "proof": {}, "signature": {"algorithm": "ed25519", "key": "zz", "value": ""}}), "proof-signature"),
        (raw({"schema": 1, "proof": {}, "signature": {"algorithm": "ed25519", "key": 1, "value": 2}}), "proof-signature"),
        (raw({"schema": 1, "proof": {}, "signature": {"algorithm": "ed25519", "key": "00" * 32, "value": "00" * 64}}), "proof-signature"),
        (raw(proofs.as_data(proof())), "proof-unsigned"),
        (b" " * (LARGEST_BYTES + 1), "proof-damaged"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_signed_proof_is_refused(text: bytes, code: str, environ: dict[str, str]) -> None:
    assert refused(text, environ).code == code


def test_whoever_has_a_proof_without_a_signature_hears_how_one_with_it_is_made(environ: dict[str, str]) -> None:
    told = refused(raw(proofs.as_data(proof())), environ).next_step
    assert told.endswith("paddock prove --report signed=FILE")


def test_a_name_that_comes_twice_is_refused_although_the_last_one_was_signed(
    environ: dict[str, str], envelope: dict[str, Any]
) -> None:
    text = raw(envelope).replace(b'"complete": true', b'"complete": false, "complete": true')
    assert text != raw(envelope)
    assert refused(text, environ).code == "proof-damaged"


def test_what_is_signed_and_no_proof_is_refused(environ: dict[str, str]) -> None:
    signing = key.private_key(environ)
    signature = {"algorithm": "ed25519", "key": key.written(signing)}
    data = {"schema": 1, "proof": {"schema": 1}, "signature": signature}
    value = signing.sign(canonical.text(data).encode()).hex()
    assert refused(raw({**data, "signature": {**signature, "value": value}}), environ).code == "proof-damaged"


@given(st.binary(max_size=200))
def test_no_bytes_break_it(environ: dict[str, str], text: bytes) -> None:
    assert refused(text, environ).code in ("proof-damaged", "proof-unsigned")


@pytest.mark.parametrize("text", ["", "0", "zz" * 32, "00" * 31, "00" * 33, "\u0660" * 64])
def test_a_key_is_64_hexadecimal_digits(text: str) -> None:
    with pytest.raises(PaddockError, match="is no key"):
        known_key(text)
    assert known_key(f" {'AB' * 32}\n") == "ab" * 32
