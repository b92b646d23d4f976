"""What is true, whatever the technology: entities, value objects and their rules. Standard library only."""
