"""The schema document, in each of its forms."""
