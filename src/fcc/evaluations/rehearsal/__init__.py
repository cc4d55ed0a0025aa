"""The rehearsal: what a delivery would do in a small simulated cluster when one thing goes wrong."""
