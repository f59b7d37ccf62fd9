"""Thin typed wrappers over system calls. No policy here, and nothing of ours is imported from above."""
