"""Pure functions on text: no database, no Flask, no clock."""
