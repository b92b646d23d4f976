"""Who calls, and what they may do: principals, credentials, scopes, and which rows are theirs."""
