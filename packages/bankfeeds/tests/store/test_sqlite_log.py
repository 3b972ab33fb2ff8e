"""SQLite's log beside the database: it takes what many pushes write, and is brought in before it grows without end."""

import sqlalchemy as sa

from bankfeeds.store import dialect
from bankfeeds.store.engine import Database

PAGE, HEAD, FRAME = 4096, 32, 24
"""Bytes of a page, of the log's head, and of what the log says of each page."""
PAGES = 1500


def test_the_log_is_brought_in_once_it_has_the_pages_for_it(tmp_path):
    log = tmp_path / "test.db-wal"
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    try:
        database.write(lambda tx: tx.connection.execute(sa.text("CREATE TABLE filled (bytes BLOB)")))
        sizes = []
        for _ in range(6):
            database.write(
                lambda tx: tx.connection.execute(
                    sa.text("INSERT INTO filled VALUES (zeroblob(:size))"), {"size": PAGES * PAGE}
                )
            )
            sizes.append((log.stat().st_size - HEAD) // (PAGE + FRAME))
    finally:
        database.close()

    assert sizes[0] < sizes[1] < dialect.CHECKPOINT_PAGES, "what one push writes does not make it begin again"
    assert dialect.CHECKPOINT_PAGES <= sizes[2] < dialect.CHECKPOINT_PAGES + 2 * PAGES
    assert sizes[3:] == [sizes[2]] * 3, "it began again, and was not lengthened"
