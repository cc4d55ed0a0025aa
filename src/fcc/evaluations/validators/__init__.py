"""What makes a file of some kind valid: one module for each kind, each with one function `check`."""
