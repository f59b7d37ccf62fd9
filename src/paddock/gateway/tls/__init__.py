"""TLS: what is read of it on its way, and where it ends in the gateway."""
