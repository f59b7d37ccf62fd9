"""A client as one writes it with Python's own library: urllib_client.py URL"""

from __future__ import annotations

import sys
from urllib.request import urlopen

with urlopen(sys.argv[1]) as response:
    print(response.read().decode())
