"""HTTP and command-line entry points. No other layer imports this one."""
