"""The database roles of an application: one that migrates, one that serves, one that reads."""
