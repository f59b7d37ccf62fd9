"""What git ignores: kept for the repository's next sandbox, never part of a change set."""
