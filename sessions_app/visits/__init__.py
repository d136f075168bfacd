"""An observer team sits in: rounds and coverage, assignment, the dossier of four parts, feedback."""
