"""People, their dated memberships and secretaryships."""
