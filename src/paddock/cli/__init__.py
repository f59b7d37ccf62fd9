"""One module per command: declare the options, perform, return an `Outcome`. No logic here."""
