"""Long work as rows: steps, heartbeat, retry, cancel; the truth is the row, never the queue."""
