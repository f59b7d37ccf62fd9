"""A check's report in the formats of other programs. Pure; that for terminals is in `cli/views/checked`."""
