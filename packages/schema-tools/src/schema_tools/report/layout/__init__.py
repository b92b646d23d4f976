"""Places boxes and routes the links between them: a layered layout, with right-angled links that share trunks."""
