"""listings in one index.

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOUNS = ("author", "topic")


def upgrade() -> None:
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_published_at")
        batch_op.drop_index("ix_article_source_domain")
        batch_op.create_index("ix_article_listed", ["published_at", "id", "status"])
        batch_op.create_index(
            "ix_article_source_listed", ["source_domain", "published_at", "id", "status"]
        )
    for noun in NOUNS:
        op.add_column(f"article_{noun}", sa.Column("listed_at", sa.DateTime(timezone=True)))
        _fill(f"article_{noun}")
        op.drop_index(f"ix_article_{noun}_{noun}_id", table_name=f"article_{noun}")
        columns = [f"{noun}_id", "listed_at", "article_id"]
        op.create_index(f"ix_article_{noun}_listed", f"article_{noun}", columns)
        op.create_index(f"ix_{noun}_name", noun, ["name", "id"])


def _fill(table: str) -> None:
    article = sa.table("article", sa.column("id"), sa.column("status"), sa.column("published_at"))
    filing = sa.table(table, sa.column("article_id"), sa.column("listed_at"))
    moment = (
        sa.select(article.c.published_at)
        .where(article.c.id == filing.c.article_id)
        .where(article.c.status.in_(["published", "scheduled"]))
    )
    op.execute(sa.update(filing).values(listed_at=moment.scalar_subquery()))


def downgrade() -> None:
    for noun in NOUNS:
        op.drop_index(f"ix_{noun}_name", table_name=noun)
        op.drop_index(f"ix_article_{noun}_listed", table_name=f"article_{noun}")
        op.create_index(
            f"ix_article_{noun}_{noun}_id", f"article_{noun}", [f"{noun}_id", "article_id"]
        )
        op.drop_column(f"article_{noun}", "listed_at")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index("ix_article_source_listed")
        batch_op.drop_index("ix_article_listed")
        batch_op.create_index("ix_article_source_domain", ["source_domain", "published_at"])
        batch_op.create_index("ix_article_published_at", ["published_at", "id"])
