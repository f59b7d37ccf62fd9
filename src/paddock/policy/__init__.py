"""What people write: the model, its files, their layers."""
