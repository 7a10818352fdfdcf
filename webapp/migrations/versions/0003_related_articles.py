"""related articles.

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "related_article",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("related_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["related_id"], ["article.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "position"),
    )
    with op.batch_alter_table("related_article", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_related_article_related_id"), ["related_id"], unique=False
        )

    due = op.create_table(
        "related_due",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("has_changed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("related_due", schema=None) as batch_op:
        batch_op.create_index(
            "ix_related_due_has_changed", ["has_changed", "article_id"], unique=False
        )

    # A site that has articles finds what is related to them at its next start.
    article = sa.table("article", sa.column("id", sa.Integer()))
    everything = sa.select(article.c.id, sa.false())
    op.execute(sa.insert(due).from_select(["article_id", "has_changed"], everything))


def downgrade() -> None:
    op.drop_table("related_due")
    op.drop_table("related_article")
