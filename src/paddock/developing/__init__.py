"""Working in a repository's dev container: its image, its set-up commands, a sandbox of it that stays."""
