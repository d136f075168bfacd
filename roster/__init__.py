"""WHO: committees, people, accounts, and the record of who did what."""
