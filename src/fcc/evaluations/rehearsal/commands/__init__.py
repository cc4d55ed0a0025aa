"""The commands that scripts run, on the simulated cluster and on texts."""
