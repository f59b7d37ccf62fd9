"""What the pack does: try the probes, act for a scenario, or be the process of the host that the probes look for."""

from __future__ import annotations

import sys

if sys.argv[1] == "--victim":
    from paddock.probes.inside import victim

    victim.main()
elif sys.argv[1] == "--act":
    from paddock.probes.inside import acts

    acts.main()
else:
    from paddock.probes.inside import runner

    runner.main()
