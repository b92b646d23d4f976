"""Users: who they are and what their addresses and names may be."""
