"""What was wrong in an article, and when it was put right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


class Correction(Base):
    """One correction, as readers are told of it: plain text.

    Those that an import brought are replaced by what it brings next; others stay.
    """

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_article_id", "article_id", "corrected_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    corrected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)
    is_imported: Mapped[bool] = mapped_column(default=False)
