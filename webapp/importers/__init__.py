"""The ways in: one file per source, each yielding what it read in one form."""

from webapp.importers.contract import ImportedArticle, Importer, Unreadable

__all__ = ["ImportedArticle", "Importer", "Unreadable"]
