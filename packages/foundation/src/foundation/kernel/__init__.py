"""The words of domain and application: entities, errors, pages, units of work. Standard library only."""
