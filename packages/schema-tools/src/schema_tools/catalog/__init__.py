"""What a database says of itself: its objects in the words of its own catalog."""
