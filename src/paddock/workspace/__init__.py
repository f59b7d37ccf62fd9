"""The repository as the sandbox sees it: copy-on-write, change sets, diff, apply, discard."""
