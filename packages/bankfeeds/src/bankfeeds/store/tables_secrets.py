"""Which secret keys sealed what is in the database; of the keys themselves nothing that could open a seal."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant

secret_keys = sa.Table(
    "secret_keys",
    metadata,
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("retired_at", Instant),
    sa.Column("sealed_digest_key", sa.Text),
)
