"""Adding rows in bulk: staged first, in whichever way is fastest, then added by a few statements."""
