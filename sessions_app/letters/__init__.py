"""提醒函: a numbered slip to a committee that is behind; it withdraws itself when the thing is done."""
