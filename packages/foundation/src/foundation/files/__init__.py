"""Files of users, in the forms that import takes and export gives: NDJSON and CSV."""
