"""An event in one line of words. Names in it come from a sandbox: `clean` makes them text that any program can read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.record.chain import Event


def clean(value: object) -> str:
    """Any value as text that is valid Unicode; bytes that are none (PEP 383) are written as escapes."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def place(event: Event) -> str:
    """The name and port that an event is about, and in brackets where that leads; or nothing."""
    name, port = event.get("name"), event.get("port")
    if not name:
        return ""
    beyond = f" ({clean(event['upstream'])})" if event.get("upstream") else ""
    return clean(name) if event["kind"] == "dns" or not port else f"{clean(name)}:{port}{beyond}"


# By kind, and by verdict where there are several.
_SENTENCES = {
    "session": "a sandbox began in {repository}",
    "closed": "the session ended",
    "dns": "the name {place} was answered",
    "dns refused": "the name {place} was refused",
    "connect": "a connection to {place} ended",
    "connect failed": "{place} could not be reached",
    "refused refused": "a connection to {place} was refused",
    "granted": "{place} was granted by {author}",
    "withdrawn": "{place} was withdrawn by {author}",
    "used": "the credential {credential} was used at {place}",
    "renewed": "the credential {credential} was fetched anew",
    "renewed failed": "the credential {credential} could not be fetched anew",
    "alarm": "alarm",
}
_WORDS = ("repository", "author", "credential")


def message(event: Event) -> str:
    """What happened."""
    kind = str(event["kind"])
    sentence = _SENTENCES.get(f"{kind} {event.get('verdict')}") or _SENTENCES.get(kind, "{kind} {place}")
    words = {name: clean(event.get(name, "")) for name in _WORDS}
    said = sentence.format(kind=clean(kind), place=place(event) or "an unknown place", **words)
    # For a connection that was let through the reason is only how it was read.
    why = "" if sentence == _SENTENCES["connect"] else clean(event.get("reason") or event.get("ended") or "")
    return f"{said}: {why}" if why else said
