"""What falls due, found from the state of the data, told once, in the rhythm each reader chose."""
