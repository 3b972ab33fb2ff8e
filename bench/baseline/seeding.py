"""The baseline's database with the same accounts as the platform's."""

import hashlib

from sqlalchemy.orm import Session

from bench.baseline.models import Account, ApiKey, Base
from bench.baseline.service import make_engine
from bench.seeding import Seeded


def seed(url: str, like: Seeded, secret: bytes) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    with Session(engine) as session:
        session.add(ApiKey(digest=hashlib.sha256(secret).hexdigest(), name="bench"))
        for name, path in zip(like.accounts, like.paths, strict=True):
            _, _, company, _, connection, *_ = path.split("/")
            session.add(Account(company_id=company, connection_id=connection, external_id=name, currency="GBP"))
        session.commit()
    engine.dispose()
