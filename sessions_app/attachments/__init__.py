"""Files: checked on the way in, stored under random names, served through scope."""
