"""What paybot promises, shown with `paybot serve` as a real process against the sandbox: one file for each promise."""
