"""What the use cases need from outside, in the domain's words. Adapters provide it."""
