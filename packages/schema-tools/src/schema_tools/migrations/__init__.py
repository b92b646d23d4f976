"""Running migrations: up, down, and what a database has had of them."""
