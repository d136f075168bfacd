"""What a role sees first; the chain strip; the one page of a session; the department's dashboard."""
