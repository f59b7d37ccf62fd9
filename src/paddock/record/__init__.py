"""The record: what was decided, as hash-chained lines in the state directory, out of every sandbox's reach."""
