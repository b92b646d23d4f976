"""The use cases of users, one file each."""
