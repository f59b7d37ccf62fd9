"""One process that serves the networks of many sandboxes: met, asked, joined; nothing of it is there unless started."""

from __future__ import annotations

SOCKET = "gateway"  # what it is met by, in Paddock's private runtime directory (`place`)
