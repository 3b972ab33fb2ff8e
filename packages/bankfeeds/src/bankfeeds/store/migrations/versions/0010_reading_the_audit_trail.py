"""An index to read the newest entries of the audit trail without the pushes between them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NO_PUSH = sa.text("action <> 'push.accept'")


def upgrade() -> None:
    op.create_index("ix_audit_newest", "audit", ["pk"], sqlite_where=_NO_PUSH, postgresql_where=_NO_PUSH)


def downgrade() -> None:
    op.drop_index("ix_audit_newest", "audit")
