"""What was searched for: counts by day, and nothing about who asked."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base


class SearchCount(Base):
    """How often a normalised query was asked on a day, and how often it found nothing."""

    __tablename__ = "search_count"

    asked_on: Mapped[date] = mapped_column(Date, primary_key=True)
    query: Mapped[str] = mapped_column(String(100), primary_key=True)
    asked: Mapped[int]
    failed: Mapped[int]
