"""Before the first run: secrets in a repository's files, and what in it leads out. Found once, remembered, masked."""
