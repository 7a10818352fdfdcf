"""confirming and leaving.

Revision: 0007
After: 0006
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscriber") as batch:
        batch.add_column(sa.Column("key", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    subscriber = sa.table("subscriber", sa.column("id"), sa.column("key"))
    for (id,) in op.get_bind().execute(sa.select(subscriber.c.id)).all():
        named = sa.update(subscriber).where(subscriber.c.id == id)
        op.get_bind().execute(named.values(key=secrets.token_urlsafe(16)))
    with op.batch_alter_table("subscriber") as batch:
        batch.alter_column("key", existing_type=sa.String(length=32), nullable=False)
        batch.create_unique_constraint("uq_subscriber_key", ["key"])
    op.create_table(
        "departure",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("letter", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "due_at", "id"])
    op.create_index("ix_delivery_subscriber_id", "delivery", ["subscriber_id"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("departure")
    with op.batch_alter_table("subscriber") as batch:
        batch.drop_constraint("uq_subscriber_key", type_="unique")
        batch.drop_column("confirmed_at")
        batch.drop_column("key")
