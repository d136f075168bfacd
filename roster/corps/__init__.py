"""The corps: study secretaries' training, the pool of experts, visit teams with their areas, and hand-overs."""
