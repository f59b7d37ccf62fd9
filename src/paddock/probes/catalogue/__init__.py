"""Every probe as data, one file for each layer, and how it is read."""
