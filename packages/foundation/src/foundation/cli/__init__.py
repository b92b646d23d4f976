"""The command line, for any resource."""
