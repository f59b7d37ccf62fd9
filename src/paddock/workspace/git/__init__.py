"""What a sandbox committed: found in its own layer of a git directory, and brought over by git itself."""
