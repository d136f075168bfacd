"""What the rules ask: dated parameters, working days, periods that close."""
