"""A bookshop: a second project for the schema tools, with more of what PostgreSQL has than the service uses."""
