"""Words and numbers as the screens print them."""
