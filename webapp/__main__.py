"""Lets `python -m webapp COMMAND` run the command line."""

from webapp import create_app
from webapp.cli import main

main(create_app)
