"""What tests of a project with a database need. Imports pytest, which the extra `testing` requires."""
