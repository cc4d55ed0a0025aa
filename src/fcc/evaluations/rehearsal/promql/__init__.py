"""A part of PromQL, evaluated over series in memory."""
