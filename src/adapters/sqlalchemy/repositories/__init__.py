"""The write side: entities, through a session."""
