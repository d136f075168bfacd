"""Who did what, when, why: append-only, hash-chained; and the one shape of a table of moves."""
