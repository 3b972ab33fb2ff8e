"""Indexes for the write history and the timelines that operators read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FAILED = sa.text("status IN ('Failed', 'TimedOut')")


def upgrade() -> None:
    op.create_index("ix_pushes_requested", "pushes", ["requested_at"])
    op.create_index(
        "ix_pushes_failed", "pushes", ["requested_at"], sqlite_where=_FAILED, postgresql_where=_FAILED
    )
    op.create_index("ix_authorisations_connection_id", "authorisations", ["connection_id"])


def downgrade() -> None:
    op.drop_index("ix_authorisations_connection_id", "authorisations")
    op.drop_index("ix_pushes_failed", "pushes")
    op.drop_index("ix_pushes_requested", "pushes")
