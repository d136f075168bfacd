"""What is told to a person, and how it reaches him: inbox, mail, office chat."""
