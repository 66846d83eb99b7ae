"""`python -m ledes_engine` is `ledes`."""

from ledes_engine.cli import main

raise SystemExit(main())
