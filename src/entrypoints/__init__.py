"""Who drives the application: HTTP and the command line. Nothing imports this package."""
