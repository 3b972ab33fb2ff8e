"""Indexes for the write history and the timelines that operators read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ACTS = sa.text("action <> 'push.accept'")
_FAILED = sa.text("status IN ('Failed', 'TimedOut')")


def upgrade() -> None:
    op.create_index("ix_pushes_requested", "pushes", ["requested_at"])
    op.create_index(
        "ix_pushes_failed", "pushes", ["status", "requested_at"], sqlite_where=_FAILED, postgresql_where=_FAILED
    )
    op.create_index("ix_authorisations_connection_id", "authorisations", ["connection_id"])
    op.create_index("ix_audit_acts", "audit", ["subject", "at"], sqlite_where=_ACTS, postgresql_where=_ACTS)


def downgrade() -> None:
    op.drop_index("ix_audit_acts", "audit")
    op.drop_index("ix_authorisations_connection_id", "authorisations")
    op.drop_index("ix_pushes_failed", "pushes")
    op.drop_index("ix_pushes_requested", "pushes")
