"""HTTP, for any resource: what is refused, read, answered and described."""
