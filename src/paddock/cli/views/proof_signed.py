"""Signed proofs on the command line: `--key`, `--verify FILE [--key HEX]`, `--report signed=FILE`, and what is kept."""

from __future__ import annotations

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paddock.probes.proof import Proof


def declare(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--verify", metavar="FILE", help="check a signed proof, of --report signed=FILE")
    parser.add_argument(
        "--key",
        metavar="HEX",
        nargs="?",
        const=True,
        help="print this machine's public key; with --verify, the key that must have signed (default: this machine's)",
    )


def perform(options: argparse.Namespace) -> Outcome:
    """Print the key, or verify. Raises Refused for a proof that is not what it claims to be."""
    if options.verify:
        return _verify(options.verify, options.key if isinstance(options.key, str) else "")
    if isinstance(options.key, str):
        raise Usage("--key HEX says who must have signed", next_step="paddock prove --verify FILE --key HEX")
    from paddock.proofs import key

    own = key.written(key.private_key())
    return Outcome(f"{own}\n", {"schema": 1, "algorithm": "ed25519", "key": own})


def keep(proofs: Sequence[Proof]) -> None:
    """Sign and keep proofs of the whole catalogue, for `paddock run --require-proof`."""
    from paddock.proofs import envelope, store

    for proof in proofs:
        store.keep(envelope.seal(proof))


def written(proofs: Sequence[Proof]) -> str:
    """The report `signed`: one proof with its signature."""
    import json

    from paddock.proofs import envelope

    if len(proofs) != 1:
        raise Usage("a signed report holds one proof", next_step="paddock prove --boundary NAME --report signed=FILE")
    return json.dumps(envelope.seal(proofs[0]), indent=1) + "\n"


def _verify(path: str, given: str) -> Outcome:
    from paddock.probes import proof as proofs
    from paddock.proofs import envelope, files, key

    own = given or key.public_key()
    try:
        _, raw = files.content(path, envelope.LARGEST_BYTES + 1, follow=True)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    found = envelope.verify(raw, [own] if own else [])
    proof = found.proof
    subject = proof.subject
    what = subject.against or f"{subject.boundary}, policy {subject.policy_hash[:12]}"
    lines = (
        f"signed by  {found.key}",
        f"attacked   {what}, as {subject.user}",
        f"with       Paddock {subject.paddock}, probes {subject.pack}, Linux {subject.kernel}",
        f"on         {proof.begun}",
        "held       " + ("yes" if proof.passed else "no"),
        "rows       " + ", ".join(f"{count} {verdict}" for verdict, count in proof.counted().items()),
    )
    data = {"schema": 1, "key": found.key, "passed": proof.passed, "proof": proofs.as_data(proof)}
    return Outcome("".join(f"{plain(line)}\n" for line in lines), data, exit_code=0 if proof.passed else 1)


def _unreadable(path: str, why: str) -> PaddockError:
    return PaddockError(f"{plain(path)} cannot be read", why=why, next_step=f"ls -l {plain(path)}", code="no-proof")
