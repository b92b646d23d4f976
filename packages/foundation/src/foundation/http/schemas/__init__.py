"""What requests and answers are made of: JSON schemas of general values, fields that read them, and base models."""
