"""Plain HTTP between a client and a service: judged, written anew, nothing guessed."""
