"""What the commands share: how things are shown, and how a person is asked."""
