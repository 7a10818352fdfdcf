"""The doorway: what every request and response passes."""
