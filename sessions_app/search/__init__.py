"""Finding a word again: topics, minutes, speeches, outcomes, findings, papers, each within one's own scope."""
