"""A client as one writes it with requests, the copy that pip carries: requests_client.py URL"""

from __future__ import annotations

import sys

from pip._vendor.requests.api import get

response = get(sys.argv[1], timeout=30)
print(response.text)
response.raise_for_status()
