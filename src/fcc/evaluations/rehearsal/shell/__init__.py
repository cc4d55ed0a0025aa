"""Scripts, read with a grammar and interpreted; no shell is started."""
