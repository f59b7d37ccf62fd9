"""Paddock runs coding agents, or any command, inside layered and verified isolation."""

from __future__ import annotations

__version__ = "0.1.0"
