"""What the machine is doing: the beat table and its switches, the health page."""
