"""Quarterly study prompts from the coordination group, receipted and mapped by each committee."""
