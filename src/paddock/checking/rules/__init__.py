"""The functions of the rules, one noun per module. `checking.rule.functions` imports them all."""
