"""Access tokens that are not accepted any more, although they have not expired."""
