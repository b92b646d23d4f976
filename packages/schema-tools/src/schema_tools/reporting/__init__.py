"""What becomes of findings: their order, what is left out of them, and the formats that other programs read."""
