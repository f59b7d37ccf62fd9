"""The workspace in the container: the reference implementation's cases, in our words."""

from __future__ import annotations

import pytest

from paddock.devcontainer import jsonc, workspace

ROOT = "type=bind,source=/repos/red,target=/workspaces/red"


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("{}", "/repos/red", ("/workspaces/red", ROOT)),
        ("{}", "/repos/red/a/b", ("/workspaces/red/a/b", ROOT)),
        ('{"workspaceFolder": "/w"}', "/repos/red", ("/w", ROOT)),
        ('{"workspaceMount": "type=tmpfs,target=/w"}', "/repos/red", ("/workspaces/red", "type=tmpfs,target=/w")),
        ('{"workspaceMount": "", "workspaceFolder": "/w"}', "/repos/red", ("/w", None)),
        ('{"workspaceMount": ""}', "/repos/red/a", ("/workspaces/red/a", None)),
        ('{"dockerComposeFile": "c", "workspaceFolder": "/w", "workspaceMount": "x"}', "/repos/red", ("/w", None)),
        ('{"dockerComposeFile": "c"}', "/repos/red", ("/", None)),
        ('{"workspaceFolder": "/w/${localWorkspaceFolderBasename}"}', "/repos/red", ("/w/${localWorkspaceFolderBasename}", ROOT)),
        ('{"workspaceFolder": 3}', "/repos/red", ("/workspaces/red", ROOT)),
        ("[]", "/repos/red", ("/workspaces/red", ROOT)),
    ],
)  # fmt: skip
def test_the_workspace_is_where_the_reference_cli_puts_it(
    text: str, folder: str, expected: tuple[str, str | None]
) -> None:
    found = workspace.of(jsonc.parse("x", text).root, folder, "/repos/red")
    assert (found.folder, found.mount) == expected


def test_a_comma_in_a_path_is_quoted() -> None:
    found = workspace.of(jsonc.parse("x", "{}").root, "/repos/a,b", "/repos/a,b")
    assert found.mount == 'type=bind,"source=/repos/a,b","target=/workspaces/a,b"'
