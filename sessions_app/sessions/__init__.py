"""A study session called, prepared, held."""
