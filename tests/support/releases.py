"""The program of another release beside this one: an older one of this repository's history, and a newer one, made up."""

import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from bankfeeds.store import schema

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "packages" / "bankfeeds" / "src"
MIGRATIONS = "bankfeeds/store/migrations/versions"
_NEXT = '''"""A release that is not written yet: a column and a table more, filled, and an index."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lines", sa.Column("category", sa.Text()))
    op.add_column("feeds", sa.Column("priority", sa.Integer(), nullable=False, server_default="1"))
    op.create_table("categories", sa.Column("name", sa.Text(), primary_key=True))
    op.execute("INSERT INTO categories (name) VALUES ('flour')")
    op.execute("UPDATE lines SET category = 'flour'")
    op.create_index("ix_lines_category", "lines", ["category"])


def downgrade() -> None:
    op.drop_index("ix_lines_category", "lines")
    op.drop_table("categories")
    op.drop_column("feeds", "priority")
    op.drop_column("lines", "category")
'''


def make_next(directory: Path) -> Path:
    """What to put before the path of modules so that `python -m bankfeeds` is the release after this one."""
    shutil.copytree(SOURCE, directory, ignore=shutil.ignore_patterns("__pycache__"))
    head = schema.versions()[-1]
    revision = f"{int(head) + 1:04d}"
    (directory / MIGRATIONS / f"{revision}_made_up.py").write_text(_NEXT.format(revision=revision, head=head))
    return directory


def unpack_previous(directory: Path) -> Path | None:
    """The same for the newest program in the repository's history that knows an older schema and may work on this one.
    None if there is no such history here.
    """
    folder = f"packages/bankfeeds/src/{MIGRATIONS}"
    listed = _git("log", "--format=%H", "--diff-filter=A", "--", folder).split()
    oldest = schema.versions()[schema.versions().index("0008") :]
    for commit in listed:
        names = _git("ls-tree", "--name-only", f"{commit}^", f"{folder}/").split()
        heads = sorted(Path(name).name[:4] for name in names if name.endswith(".py"))
        if heads and heads[-1] in oldest[:-1]:
            packed = subprocess.run(
                ["git", "archive", f"{commit}^", "packages/bankfeeds/src"], cwd=ROOT, capture_output=True, check=True
            ).stdout
            with tarfile.open(fileobj=BytesIO(packed)) as archive:
                archive.extractall(directory, filter="data")
            return directory / "packages" / "bankfeeds" / "src"
    return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout
