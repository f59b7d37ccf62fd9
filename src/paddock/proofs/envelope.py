"""A proof with its signature: `{"schema": 1, "proof": …, "signature": {algorithm, key, value}}`.

What is signed is canonical JSON (`policy.canonical`) of the envelope without the signature's value: the algorithm and
the key are bound as well. It is read strictly, since it may come from anybody: one reading only, and no name twice.
"""

from __future__ import annotations

import os

from paddock.errors import PaddockError, Refused
from paddock.frozen import frozen
from paddock.policy import canonical
from paddock.probes import proof as proofs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, NoReturn

    from paddock.probes.proof import Proof

LARGEST_BYTES = 8 << 20  # some 300 KiB with every row
ALGORITHM = "ed25519"
_SCHEMA = 1
_KEY_LENGTH, _VALUE_LENGTH = 32, 64


@frozen
class Signed:
    """A proof whose signature is good; `key` is whose, in hexadecimal."""

    proof: Proof
    key: str


def seal(proof: Proof, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The signed envelope. Makes the machine's key where there is none. Raises PaddockError."""
    from paddock.proofs import key

    signing = key.private_key(environ)
    signature = {"algorithm": ALGORITHM, "key": key.written(signing)}
    envelope: dict[str, Any] = {"schema": _SCHEMA, "proof": proofs.as_data(proof), "signature": signature}
    value = signing.sign(canonical.text(envelope).encode("ascii")).hex()
    return {**envelope, "signature": {**signature, "value": value}}


def verify(raw: bytes, keys: Iterable[str]) -> Signed:
    """The proof in an envelope that one of these keys signed, each in hexadecimal.

    Raises Refused with the code "proof-damaged", "proof-unsigned", "proof-signature" or "proof-key".
    """
    known = tuple(map(known_key, keys))
    data = _read(raw)
    if set(data) != {"schema", "proof", "signature"} or not isinstance(data["signature"], dict):
        raise _refused(
            "the proof is not signed",
            "it has no signature",
            "a signed one is what this writes: paddock prove --report signed=FILE",
            "proof-unsigned",
        )
    signature = data["signature"]
    if set(signature) != {"algorithm", "key", "value"} or signature["algorithm"] != ALGORITHM:
        raise _refused("the signature is of no kind that is known", f"expected {ALGORITHM}", _ANEW, "proof-signature")
    signer = _hexadecimal(signature["key"], _KEY_LENGTH)
    _check(data, signer, _hexadecimal(signature["value"], _VALUE_LENGTH))
    if signer.hex() not in known:
        raise _refused(
            "the proof was signed by another key",
            f"by {signer.hex()}; expected {' or '.join(known) or 'one of this machine, which has none'}",
            "ask who made it for their key (paddock prove --key), then: paddock prove --verify FILE --key HEX",
            "proof-key",
        )
    try:
        return Signed(proofs.from_data(data["proof"]), signer.hex())
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged("it is signed, but no proof of this version") from error


def known_key(text: str) -> str:
    """A public key as somebody typed it, in its one spelling. Raises PaddockError."""
    found = text.strip().lower()
    if len(found) != 2 * _KEY_LENGTH or set(found) - set("0123456789abcdef"):
        raise PaddockError(
            f"{text[:80]!r} is no key",
            why="a key is 64 hexadecimal digits",
            next_step="paddock prove --key",
            code="usage",
        )
    return found


_ANEW = "do not trust it; have it made anew: paddock prove"


def _check(data: Mapping[str, Any], signer: bytes, value: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = {name: word for name, word in data["signature"].items() if name != "value"}
    try:
        text = canonical.text({**data, "signature": signature}).encode("ascii")
        Ed25519PublicKey.from_public_bytes(signer).verify(value, text)
    except (InvalidSignature, ValueError, RecursionError) as error:
        raise _refused(
            "the signature does not fit the proof",
            "one of them was changed after it was made",
            _ANEW,
            "proof-signature",
        ) from error


def _read(raw: bytes) -> dict[str, Any]:
    import json

    if len(raw) > LARGEST_BYTES:
        raise _damaged(f"it is larger than {LARGEST_BYTES >> 20} MiB")
    try:
        data = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _damaged(f"it is no JSON: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
        raise _damaged(f'"schema" is not {_SCHEMA}')
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that comes twice, one reader takes the first and another the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a name comes twice"
        raise ValueError(message)
    return found


def _no_number(word: str) -> NoReturn:
    message = f"{word} is no number"
    raise ValueError(message)


def _hexadecimal(text: object, length: int) -> bytes:
    if isinstance(text, str) and len(text) == 2 * length and not set(text) - set("0123456789abcdef"):
        return bytes.fromhex(text)
    raise _refused(
        "the signature is of no kind that is known", f"expected {length} bytes in hexadecimal", _ANEW, "proof-signature"
    )


def _damaged(why: str) -> Refused:
    return _refused("that is no proof", why, _ANEW, "proof-damaged")


def _refused(what: str, why: str, next_step: str, code: str) -> Refused:
    return Refused(what, why=why, next_step=next_step, code=code)
