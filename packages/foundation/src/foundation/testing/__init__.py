"""What tests of a service share: the promises of storages and of resources, for any entity. It needs pytest."""
