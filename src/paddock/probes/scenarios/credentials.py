"""A secret that stays outside, attacked from inside; and what of one session the next one finds.

The control has no sandbox: there the variable holds the secret itself, and each attack gets it.
"""

from __future__ import annotations

import base64
import hashlib
import os

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import thieves
from paddock.probes.scenarios.bound import Bound
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Finding, Findings, Scene

_CLOSE = r"Connection: close\r\n\r\n"
_BEARER = rf"Authorization: Bearer TOKEN\r\n{_CLOSE}"
_PROPER = rf"GET / HTTP/1.1\r\nHost: HERE\r\n{_BEARER}"
# Where a stranger's key could be: what is read with it goes to the stranger's account.
_STRANGERS = rf"GET /?access_token=strangers HTTP/1.1\r\nHost: HERE\r\n{_CLOSE}"
# Each way in which a service can be sent a secret.
_EVERYWHERE = (
    _PROPER,
    rf"GET / HTTP/1.1\r\nHost: HERE\r\nAuthorization: Basic BASIC\r\n{_CLOSE}",
    rf"GET / HTTP/1.1\r\nHost: HERE\r\nCookie: token=TOKEN\r\n{_CLOSE}",
    rf"GET /?token=TOKEN HTTP/1.1\r\nHost: HERE\r\n{_CLOSE}",
    rf"GET /TOKEN HTTP/1.0\r\nHost: HERE\r\n{_CLOSE}",
    rf"POST / HTTP/1.1\r\nHost: HERE\r\nContent-Length: 39\r\n{_CLOSE}TOKEN",
)
# Requests that name the bound service in every place that some program goes by.
_PRETENDING = (
    rf"GET / HTTP/1.1\r\nHost: BOUND\r\n{_BEARER}",
    rf"GET / HTTP/1.1\r\nHost: HERE\r\nHost: BOUND\r\n{_BEARER}",
    rf"GET / HTTP/1.1\r\nHost: BOUND\r\nHost: HERE\r\n{_BEARER}",
    rf"GET / HTTP/1.1\r\nHost: HERE\rHost: BOUND\r\n{_BEARER}",
    r"GET / HTTP/1.1\nHost: BOUND\nAuthorization: Bearer TOKEN\n\n",
    rf"GET http://BOUND/ HTTP/1.1\r\nHost: HERE\r\n{_BEARER}",
    rf"GET http://BOUND@HERE/ HTTP/1.1\r\nHost: HERE\r\n{_BEARER}",
    rf"GET http://BOUND%0d%0a@HERE/ HTTP/1.1\r\nHost: BOUND\r\n{_BEARER}",
    rf"GET / HTTP/1.1\r\nHost: HERE\r\nX-Forwarded-Host: BOUND\r\nForwarded: host=BOUND\r\n{_BEARER}",
)
# Signed as the tools of AWS do it, but for the signature, at which a gateway that signs anew does not look.
_DAY = "20260101"
_SIGNED = (
    rf"X-Amz-Date: {_DAY}T000000Z\r\nX-Amz-Security-Token: $AWS_SESSION_TOKEN\r\nAuthorization: AWS4-HMAC-SHA256 "
    rf"Credential=$AWS_ACCESS_KEY_ID/{_DAY}/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, "
    rf"Signature=$AWS_SECRET_ACCESS_KEY\r\n{_CLOSE}"
)
_SIGNING = (
    rf"GET /signed HTTP/1.1\r\nHost: HERE\r\n{_SIGNED}",
    rf"POST /kept HTTP/1.1\r\nHost: HERE\r\nContent-Length: {(8 << 20) + 1}\r\n{_SIGNED}+LARGE",
)
_PATIENCE_S = 20  # for the end of a thief, on a busy machine; one that is held goes on no longer
_BY_GIT = (".stored-by-git", ".git-credentials", "config")
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the control takes away what it left there
_CACHES = ("$HOME", "$HOME/.cache/pip", "$HOME/.npm", "$HOME/.cargo/registry")


@scenario(
    "CR-33 helper-injection",
    "CR-35 secret-never-inside",
    "CR-36 injection-host-bound",
    "CR-36 strangers-key",
    "CR-37 response-echo",
    "CR-37 response-echo-encoded",
    "CR-38 credential-arrives",
    "CR-42 signing-key-sent",
    "CR-42 session-token-echo",
    "CR-42 body-without-end",
)
def bound(scene: Scene) -> Findings:
    """One session with all of it. What did not reach even its own service proves nothing elsewhere."""
    with Bound(scene) as it:
        sent = it.requests(
            (it.bound, (_PROPER, _STRANGERS)),
            (it.other, _EVERYWHERE),
            (it.third, _PRETENDING),
            (it.signed, _SIGNING),
        )
        said = it.python(thieves.SEND + thieves.SEARCH, *sent, _hash(it.secret), *_tops(scene))
        arrived = it.bound.heard(it.secret)
        encoded = base64.b64encode(f"Authorization: Bearer {it.secret}".encode()).decode()
        away = Skipped(f"the secret does not even reach its own service: {said[:200]}")
        elsewhere: dict[str, Finding] = {
            "CR-33 helper-injection": ["reached the third service with it"] * it.third.heard(it.secret),
            "CR-36 injection-host-bound": ["reached the second service with it"] * it.other.heard(it.secret),
            "CR-36 strangers-key": ["reached its own service with a stranger's"] * it.bound.heard("=strangers"),
            "CR-37 response-echo": ["read the secret in the service's answer"] * (it.secret in said),
            "CR-37 response-echo-encoded": ["read the secret in the service's answer, in base64"] * (encoded in said),
        }
        return {
            **(elsewhere if arrived else dict.fromkeys(elsewhere, away)),
            "CR-35 secret-never-inside": [line for line in said.splitlines() if line.startswith("read ")],
            "CR-38 credential-arrives": [] if arrived else [f"the service did not get it: {said[:200]}"],
            **_signed(it, said),
        }


def _signed(it: Bound, said: str) -> dict[str, Finding]:
    """What came of requests that are to be signed. One that came neither signed nor with the key proves nothing."""
    found: dict[str, Finding] = {
        "CR-42 signing-key-sent": ["reached the service with the key itself"] * it.signed.heard(it.key),
        "CR-42 session-token-echo": ["read the session token in the service's answer"] * (it.session_token in said),
        "CR-42 body-without-end": ["reached the service with a body of more than 8 MiB"] * it.signed.heard("/kept"),
    }
    if any(found.values()) or it.signed.heard(f"Credential={it.key_id}/{_DAY}"):
        return found
    return dict.fromkeys(found, Skipped(f"no signed request reaches its own service: {said[-200:]}"))


@scenario("CR-34 helper-no-store", "CR-39 history-after-run")
def kept(scene: Scene) -> Findings:
    """Used, typed, logged, and given to git to keep; then the host looks through everything of the person's."""
    with Bound(scene) as it:
        it.shell(thieves.USE + thieves.STORE + thieves.REMEMBER, thieves.SEND, *it.requests((it.bound, (_PROPER,))))
        left = list(it.left())
    by_git = [path for path in left if os.path.basename(path) in _BY_GIT]
    return {
        "CR-34 helper-no-store": [f"read {path}" for path in by_git],
        "CR-39 history-after-run": [f"read {path}" for path in left if path not in by_git],
    }


@scenario("CR-41 false-credential-sent")
def stolen(scene: Scene) -> list[str]:
    """What is stolen is false, where a policy plants it; and the thief goes on after that, if it may."""
    with Bound(scene, '["aws"]') as it:
        patience_s = "0" if scene.bare else str(_PATIENCE_S)
        said = it.python(thieves.STEAL, it.place, str(it.other.port), patience_s, until="began")
        arrived = ["reached the second service with it"] * it.other.heard("stolen")
        return arrived + ["ran on after it"] * (thieves.ENDED in said)


@scenario("CR-40 cross-session")
def next_session(scene: Scene) -> list[str]:
    """Caches and temporary places; the change set is meant to be there again."""
    name, canary = f"paddock-session-{scene.ground.mark}", scene.ground.canary()
    for place in _TEMPORARY:
        scene.ground.undo.callback(_forget, f"{place}/{name}")
    places = f"for d in {' '.join(_CACHES + _TEMPORARY)}; do"
    scene.play(f'{places} mkdir -p "$d" && echo {canary} > "$d/{name}"; done')
    said = scene.play(f'{places} grep -l canary- "$d/{name}" 2>/dev/null; done')
    return [f"read {path}" for path in said.splitlines()]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _tops(scene: Scene) -> list[str]:
    """Where to search. Without a sandbox only what is the ground's own."""
    own = [scene.ground.home, scene.ground.repo]
    return own if scene.bare else [*own, "/etc", "/run", *_TEMPORARY]


def _forget(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)
