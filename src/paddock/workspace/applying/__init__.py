"""Changes on their way to the host: judged, asked about, written, and taken back."""
