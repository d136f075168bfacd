"""What the year amounts to: schemes as data, scores that show where they came from, ranks, 约谈."""
