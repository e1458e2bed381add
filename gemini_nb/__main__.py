"""`python -m gemini_nb` is the same program as `gemini-nb`."""

from gemini_nb.cli import main

raise SystemExit(main())
