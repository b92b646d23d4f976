"""What the service can do: use cases, and the ports they need. Imports the domain, nothing else."""
