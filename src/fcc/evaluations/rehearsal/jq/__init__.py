"""A part of jq's language."""
