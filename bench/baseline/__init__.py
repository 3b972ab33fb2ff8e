"""What a careful team would write first: FastAPI, pydantic v2 and SQLAlchemy's ORM, doing the same job as a push."""
