"""The only way out of a sandbox: names answered, connections checked, everything recorded."""
