"""Which articles are nearest in content to an article, as the index saw it last."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base


class RelatedArticle(Base):
    """An article's nearest in the order of `position`; more than a page shows.

    Some of them may be withdrawn, or their time may not have come: whoever reads asks the
    article itself.
    """

    __tablename__ = "related_article"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    related_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), index=True
    )
