"""What the reports of `prove` and of `check` have in common: text that is safe to show, SARIF, JUnit."""
