"""The attacker's side: standard library only, Python 3.8 or later, packed into one file (`probes/pack`)."""
