"""The deeds: what the site does; the only room that commits."""
