"""Learning: from what a session was refused to a proposal for the policy, which a person judges."""
