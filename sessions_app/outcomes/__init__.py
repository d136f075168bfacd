"""What came of it, and what that became."""
