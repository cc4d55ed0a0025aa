"""YAML to plain values and to pydantic models, with errors that say file, line, column and what was probably meant."""

from fcc._yaml.fitting import build, problems, suggestion
from fcc._yaml.reading import Document, parse, parse_all, read, read_text, scalar

__all__ = [
    "Document",
    "build",
    "parse",
    "parse_all",
    "problems",
    "read",
    "read_text",
    "scalar",
    "suggestion",
]
