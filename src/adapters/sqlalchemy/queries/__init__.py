"""The read side: rows, straight into read models."""
