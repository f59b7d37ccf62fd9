"""What the gateway has in the sandbox's own network: sockets that are made there, and the name server."""
