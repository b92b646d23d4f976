from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Table(
    "recipes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(120), nullable=False),
    Column("servings", Integer, nullable=False, server_default="2"),
    CheckConstraint("servings > 0", name="servings_positive"),
)

Table(
    "steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipe_id", ForeignKey("recipes.id", ondelete="CASCADE"), nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "recipe_id"),
)
