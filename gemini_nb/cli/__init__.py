"""The command line; `gemini_nb.cli:main` is the entry point of `gemini-nb`."""

from gemini_nb.cli.main import main

__all__ = ["main"]
