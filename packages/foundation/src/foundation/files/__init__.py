"""Files of records, in the formats that an import takes and an export gives: NDJSON and CSV."""
