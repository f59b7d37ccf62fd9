"""Variables: the table of the reference implementation's own tests, in our words, and what its code does at the edges."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.devcontainer.substitution import (
    Context,
    container_id,
    id_labels,
    nameless,
    resolved_folder,
    substitute,
)
from paddock.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = Context("/repos/red", "/inside/blue", {"SET": "value", "EMPTY": ""})
ALPHABET = "0123456789abcdefghijklmnopqrstuv"

# (context, text, result): those of the reference implementation, then more of the same kind.
TABLE = [
    (KNOWN, "a${env:SET}b", "avalueb"),
    (KNOWN, "a${localWorkspaceFolder}b", "a/repos/redb"),
    (KNOWN, "a${containerWorkspaceFolder}b", "a/inside/blueb"),
    (replace(KNOWN, container_folder="/w/${localWorkspaceFolderBasename}"), "a${containerWorkspaceFolder}b", "a/w/redb"),
    (KNOWN, "a${localEnv:NOT:default}b", "adefaultb"),
    (KNOWN, "a${localEnv:NOT}b", "ab"),
    (KNOWN, "a${localEnv:SET:default}b", "avalueb"),
    (KNOWN, "a${localEnv:NOT:default:x:y}b", "adefaultb"),
    (Context(container_environment={}), "a${containerEnv:NOT:default}b", "adefaultb"),
    # more
    (KNOWN, "${localEnv:EMPTY:default}", ""),
    (KNOWN, "${localEnv:NOT:}", ""),
    (KNOWN, "${localEnv::default}", "default"),
    (KNOWN, "${localEnv:}", ""),
    (KNOWN, "${localWorkspaceFolderBasename}/${containerWorkspaceFolderBasename}", "red/blue"),
    (KNOWN, "${localEnv:SET}${localEnv:SET}", "valuevalue"),
    (KNOWN, "${localEnv:NOT:${env:SET}}", "${env}"),  # it ends at the first brace, and colons part it
    (KNOWN, "${unknown} ${unknown:x} ${localenv:SET} $HOME ${", "${unknown} ${unknown:x} ${localenv:SET} $HOME ${"),
    (KNOWN, "${containerEnv:SET} ${devcontainerId}", "${containerEnv:SET} ${devcontainerId}"),
    (KNOWN, "${localEnv:NOT:a\nb}", "${localEnv:NOT:a\nb}"),
    (KNOWN, "${localEnv:NOT:a\u2028b}", "${localEnv:NOT:a\u2028b}"),
    (replace(KNOWN, local_folder="/repos/red/"), "${localWorkspaceFolderBasename}", "red"),
    (replace(KNOWN, local_folder="/"), "${localWorkspaceFolderBasename}", ""),
    (replace(KNOWN, environment=None), "${localEnv:SET:x}", "${localEnv:SET:x}"),
    (Context(), "${localWorkspaceFolder}${containerWorkspaceFolderBasename}", "${localWorkspaceFolder}${containerWorkspaceFolderBasename}"),
    (Context(container_folder=""), "a${containerWorkspaceFolder}", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("context", "text", "result"), TABLE, ids=[text.replace("\n", " ") for _, text, _ in TABLE])
def test_a_variable_becomes_what_the_reference_implementation_makes_of_it(
    context: Context, text: str, result: str
) -> None:
    assert substitute(text, context) == result


def test_what_one_pass_puts_in_the_next_one_reads() -> None:
    """Textual, as in the reference: a variable of the host can ask for the container's id and variables."""
    context = Context(environment={"A": "${devcontainerId}${localEnv:B}", "B": "b"}, id_labels={"a": "b"})
    assert substitute("${localEnv:A}", context) == container_id({"a": "b"}) + "${localEnv:B}"
    inside = Context(environment={"A": "${containerEnv:C}"}, container_environment={"C": "c${containerEnv:C}"})
    assert substitute("${localEnv:A}", inside) == "c${containerEnv:C}"


@pytest.mark.parametrize("text", ["${localEnv}", "${env}", "${containerEnv}"])
def test_a_variable_of_no_name_is_found_and_stays(text: str) -> None:
    """The reference CLI stops there."""
    assert nameless(f"a{text}b${{localEnv:A}}") == text
    assert substitute(text, Context(environment={}, container_environment={})) == text
    assert nameless("${localEnv:} ${localEnv:A} ${localEnvs} ${unknown}") == ""


def test_the_workspace_folder_may_hold_itself_once() -> None:
    context = Context("/repos/red", "/w${containerWorkspaceFolder}/${localWorkspaceFolderBasename}")
    assert resolved_folder(context) == "/w/w${containerWorkspaceFolder}/${localWorkspaceFolderBasename}/red"


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4).filter(lambda one: "__proto__" not in one))
def test_the_id_is_52_digits_and_the_order_of_labels_does_not_matter(labels: Mapping[str, str]) -> None:
    found = container_id(labels)
    assert len(found) == 52
    assert set(found) <= set(ALPHABET)
    assert found == container_id(dict(reversed(list(labels.items()))))
    assert found != container_id({**labels, "one more": "x"})


def test_the_id_is_the_hash_of_the_labels_as_json() -> None:
    labels = id_labels("/repos/ré d", "/repos/ré d/.devcontainer.json")
    text = json.dumps(dict(sorted(labels.items())), ensure_ascii=False, separators=(",", ":"))
    digits = container_id(labels)
    number = sum(ALPHABET.index(digit) << (5 * at) for at, digit in enumerate(reversed(digits)))
    assert number.to_bytes(32, "big") == hashlib.sha256(text.encode()).digest()


@given(st.text(alphabet="${}:localEnvcontainerFdB \n", max_size=40))
def test_any_text_is_substituted_and_what_has_no_variable_stays(text: str) -> None:
    assert substitute(text, KNOWN) == text or "}" in text


@pytest.mark.parametrize("part", ["${", "${\n", "${unknown:", "${a${b}", "${a}"])
def test_a_hostile_text_is_searched_in_one_go(part: str) -> None:
    """With a search that begins anew at each of them this would take minutes, and be ended."""
    assert substitute(part * 60_000, KNOWN) == part * 60_000
