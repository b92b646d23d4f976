"""The health of a live database, from its catalog and its statistics; nothing is changed, and no row is read."""
