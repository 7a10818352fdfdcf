"""editions, and what each reader wants of them.

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("deed", sa.String(length=30), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("deed"),
    )
    _create_editions()
    _add_wishes()
    _add_deliveries()


def _create_editions() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug", name="uq_edition_slug"),
    )
    op.create_index("ix_edition_state", "edition", ["state", "due_at"])
    op.create_table(
        "edition_article",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition_id", "position"),
    )
    op.create_index("ix_edition_article_article_id", "edition_article", ["article_id"])


def _add_wishes() -> None:
    with op.batch_alter_table("subscriber") as batch:
        batch.add_column(
            sa.Column("frequency", sa.String(length=10), nullable=False, server_default="daily")
        )
        batch.add_column(sa.Column("weekday", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(
            sa.Column("has_all_topics", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch.create_index("ix_subscriber_frequency", ["state", "frequency", "weekday"])
    op.create_table(
        "subscriber_topic",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscriber_id", "topic_id"),
    )
    op.create_index("ix_subscriber_topic_topic_id", "subscriber_topic", ["topic_id"])
    op.create_table(
        "followed_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("query", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscriber_id", "query", name="uq_followed_search_query"),
    )
    op.create_index("ix_followed_search_query", "followed_search", ["query"])
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bounce_subscriber_id", "bounce", ["subscriber_id", "bounced_at"])


def _add_deliveries() -> None:
    with op.batch_alter_table("delivery") as batch:
        batch.alter_column("subscriber_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("edition_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("article_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("address", sa.String(length=320), nullable=True))
        batch.add_column(sa.Column("claimed_by", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("about", sa.String(length=300), nullable=True))
        batch.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        for name in ("edition", "article"):
            batch.create_foreign_key(
                f"fk_delivery_{name}_id", name, [f"{name}_id"], ["id"], ondelete="CASCADE"
            )
        # Once to each reader: what has neither edition nor article, NULL, may go again.
        batch.create_index(
            "uq_delivery_edition", ["edition_id", "subscriber_id", "letter"], unique=True
        )
        batch.create_index("uq_delivery_article", ["article_id", "subscriber_id"], unique=True)
        batch.create_index("ix_delivery_edition_state", ["edition_id", "state"])


def downgrade() -> None:
    with op.batch_alter_table("delivery") as batch:
        for name in ("ix_delivery_edition_state", "uq_delivery_article", "uq_delivery_edition"):
            batch.drop_index(name)
        for name in ("edition", "article"):
            batch.drop_constraint(f"fk_delivery_{name}_id", type_="foreignkey")
        for name in ("sent_at", "claimed_by", "about", "address", "article_id", "edition_id"):
            batch.drop_column(name)
    op.execute(sa.text("DELETE FROM delivery WHERE subscriber_id IS NULL"))
    with op.batch_alter_table("delivery") as batch:
        batch.alter_column("subscriber_id", existing_type=sa.Integer(), nullable=False)
    for table in ("bounce", "followed_search", "subscriber_topic"):
        op.drop_table(table)
    with op.batch_alter_table("subscriber") as batch:
        batch.drop_index("ix_subscriber_frequency")
        for name in ("has_all_topics", "weekday", "frequency"):
            batch.drop_column(name)
    for table in ("edition_article", "edition", "progress"):
        op.drop_table(table)
