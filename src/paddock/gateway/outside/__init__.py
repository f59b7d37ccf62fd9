"""From the gateway to the services: addresses found, judged and dialled."""
