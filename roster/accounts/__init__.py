"""Accounts, grants, and the one table of who may what."""
