"""What a committee means to study this year."""
