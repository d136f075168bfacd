"""A year, a quarter, a month in numbers: the one source of every figure."""
