"""What bin/broadsheet runs: the command line, or one sentence where a package is missing."""

import sys

try:
    from webapp import create_app
    from webapp.cli import main
except ModuleNotFoundError as missing:
    sys.exit(f"Error: the Python module {missing.name} is missing. Delete .venv and try again.")

main(create_app)
