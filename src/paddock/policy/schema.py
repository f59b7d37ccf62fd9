"""The JSON Schema of a policy (draft 2020-12), made from the table, so that editors complete and check files."""

from __future__ import annotations

from paddock.policy.additions import FAMILIES, SEVERITIES
from paddock.policy.allowances import MOST_PORTS
from paddock.policy.checking import MOST_ENTRIES
from paddock.policy.keys import KEYS, LISTS, NONE, SECTIONS, written
from paddock.policy.secret_sources import SOURCES
from paddock.policy.values import DURATIONS, SIZES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.policy.keys import Key

    Schema = dict[str, object]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = r"[0-9]{1,17}(\.[0-9]{1,17})?"
_WHOLE: Schema = {"type": "integer", "minimum": 1}
_AMOUNTS: dict[str, tuple[Schema, ...]] = {
    "size": (_WHOLE, {"type": "string", "pattern": f"^({_NUMBER} *({'|'.join(SIZES)})|[0-9]{{1,18}})$"}),
    "duration": ({"type": "string", "pattern": f"^{_NUMBER} *[{''.join(DURATIONS)}]$"},),
    "count": (_WHOLE, {"type": "string", "pattern": "^[0-9]{1,18}$"}),
    "number": ({"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": f"^{_NUMBER}$"}),
}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
# Looser than `hosts`, which says the reasons; tight enough to mark wildcards, spaces and addresses of pages.
_HOST: Schema = {"type": "string", "pattern": r"^(\[[0-9A-Fa-f:.]+\]|(\*\.)?[A-Za-z0-9._-]+)(:[0-9]{1,5})?$"}
_DENIED: Schema = {
    "type": "string",
    "pattern": r"^(\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]+|(\*\.)?[A-Za-z0-9._-]+)(:[0-9]{1,5})?$",
}


_HOSTS: Schema = {
    "anyOf": [
        _HOST,
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["host"],
            "properties": {
                "host": {"type": "string", "minLength": 1},
                "port": {**_PORT, "default": 443},
                "ports": {"type": "array", "minItems": 1, "maxItems": MOST_PORTS, "items": _PORT},
                "private": {"type": "boolean", "default": False},
                "methods": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[A-Za-z]+$"}},
                "paths": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^/[^?#\\\s]*$"}},
                "upload": {"anyOf": list(_AMOUNTS["size"])},
                "raw": {"type": "boolean", "default": False},
            },
        },
    ]
}
_RULE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pattern", "family", "why"],
    "properties": {
        "pattern": {"type": "string", "pattern": "^[^!]"},
        "family": {"enum": list(FAMILIES)},
        "why": {"type": "string", "minLength": 1},
        "severity": {"enum": list(SEVERITIES), "default": SEVERITIES[0]},
    },
}
_ENTRIES: dict[str, Schema] = {
    "allowances": {"type": "string", "pattern": "^[a-z0-9-]+(:[^!].*)?$"},
    "gaps": {"type": "string", "pattern": "^[a-z0-9-]+$"},
    "variables": {"type": "string", "pattern": r"^[^=\s]+$"},
    "patterns": {"type": "string", "pattern": "^[^!]"},
    "paths": {"type": "string", "minLength": 1},
    "hosts": _HOSTS,
    "denials": _DENIED,
    "ports": {"anyOf": [_PORT, {"type": "string", "pattern": "^([0-9]{1,5}:)?[0-9]{1,5}$"}]},
    "rules": _RULE,
}


_CREDENTIAL: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["source", "hosts"],
    "properties": {
        "source": {
            "anyOf": [
                {"type": "string", "pattern": f"^({'|'.join(SOURCES)}):[^\\n]+$"},
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
            ]
        },
        "variables": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^[^=*\s]+$"}},
        "hosts": {"type": "array", "minItems": 1, "items": _HOSTS},
        "shape": {"type": "string", "pattern": r"^(bearer|basic|sigv4|header:[^\s:]+)$", "default": "bearer"},
        "user": {"type": "string", "pattern": r"^[ -9;-~]+$"},
        "ttl": {"anyOf": list(_AMOUNTS["duration"])},
    },
}


def json_schema() -> Schema:
    """The schema of `paddock.toml`; the same object may stand under `customizations.paddock`."""
    return {
        "$schema": DRAFT,
        "title": "Paddock policy",
        "description": "What a sandbox may see, change, reach and use.",
        "type": "object",
        "additionalProperties": False,
        "properties": {section: _section(section, doc) for section, doc in SECTIONS.items() if "." not in section},
    }


def _section(section: str, doc: str) -> Schema:
    keys = [key for key in KEYS.values() if key.section == section]
    if keys[0].kind == "bindings":
        more = {"propertyNames": {"pattern": "^[a-z0-9_-]{1,64}$"}, "additionalProperties": _CREDENTIAL}
        return {"description": f"{doc} {keys[0].doc}.", "type": "object", **more}
    inner = {name: _section(name, text) for name, text in SECTIONS.items() if name.rpartition(".")[0] == section}
    values = {key.name: {"description": f"{key.doc}.", **_default(key), **_value(key)} for key in keys}
    return {
        "description": doc,
        "type": "object",
        "additionalProperties": False,
        "properties": {**values, **{name.rpartition(".")[2]: schema for name, schema in inner.items()}},
    }


def _default(key: Key) -> Schema:
    if key.kind == "assignments":
        return {"default": {}}
    if key.kind in LISTS:
        return {"default": list(key.default) if isinstance(key.default, tuple) else []}
    if key.default is None or key.kind in ("size", "duration"):
        return {"default": written(key, key.default).strip('"')}
    return {"default": key.default == "true" if key.kind == "switch" else key.default}


def _value(key: Key) -> Schema:
    if key.kind in ("word", "switch"):
        return {"type": "boolean"} if key.kind == "switch" else {"enum": list(key.choices)}
    if key.kind == "assignments":
        names = {"pattern": r"^[^=*\s]+$"}
        return {"type": "object", "additionalProperties": {"type": "string"}, "propertyNames": names}
    if key.kind == "words":
        return {"type": "array", "items": {"enum": list(key.choices)}}
    if key.kind in LISTS:
        return {"type": "array", "maxItems": MOST_ENTRIES, "items": _ENTRIES[key.kind]}
    if key.largest:
        return {"anyOf": [{**_WHOLE, "maximum": key.largest}, {"type": "string", "pattern": "^[0-9]{1,5}$"}]}
    return {"anyOf": [*_AMOUNTS[key.kind], {"const": NONE}]}
