"""What the pack does: try the probes, or be the process of the host that they look for."""

from __future__ import annotations

import sys

if sys.argv[1] == "--victim":
    from paddock.probes.inside import victim

    victim.main()
else:
    from paddock.probes.inside import runner

    runner.main()
