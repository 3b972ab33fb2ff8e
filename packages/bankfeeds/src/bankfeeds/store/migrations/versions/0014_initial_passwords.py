"""Passwords that are handed out, good for a few days, and replaced by who signs in with them."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operators", sa.Column("initial_until", Instant))


def downgrade() -> None:
    op.drop_column("operators", "initial_until")
