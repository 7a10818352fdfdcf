"""the site's revision.

Revision: 0004
After: 0003
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "site_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # The first start finds another look, and begins a revision that has its time.
    never = datetime(1970, 1, 1, tzinfo=UTC)
    op.bulk_insert(table, [{"id": 1, "number": 1, "changed_at": never, "look": ""}])


def downgrade() -> None:
    op.drop_table("site_revision")
