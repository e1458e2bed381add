"""`python -m gemini_nb` is the same program as `gemini-nb`."""

from gemini_nb.cli.main import main

raise SystemExit(main())
