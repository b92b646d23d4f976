"""Writing revisions: the difference between the mapping and the head of the migrations, as code."""
