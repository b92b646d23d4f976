"""The report: one offline HTML file that shows a schema, its history and what the checks find."""
