"""A mapping of many tables with likely names and seeded foreign keys."""

from itertools import product
from random import Random
from typing import Any

import sqlalchemy as sa

_AREAS = {
    "sales": (
        "orders",
        "order_lines",
        "quotes",
        "quote_lines",
        "discounts",
        "coupons",
        "returns",
        "return_lines",
        "carts",
    ),
    "billing": ("invoices", "invoice_lines", "payments", "refunds", "payment_methods", "tax_rates", "credit_notes"),
    "catalog": ("products", "variants", "categories", "brands", "prices", "price_lists", "media_files", "reviews"),
    "stock": (
        "warehouses",
        "bins",
        "stock_levels",
        "stock_moves",
        "suppliers",
        "purchases",
        "purchase_lines",
        "receipts",
    ),
    "delivery": ("carriers", "shipments", "parcels", "tracking_events", "addresses", "delivery_zones", "time_slots"),
    "people": ("organizations", "employees", "teams", "roles", "contracts", "absences", "salaries", "trainings"),
    "support": ("tickets", "ticket_messages", "macros", "escalations", "surveys", "knowledge_articles", "agents"),
    "marketing": ("campaigns", "audiences", "newsletters", "deliveries", "clicks", "landing_pages", "experiments"),
    "ledger": ("accounts", "journals", "entries", "entry_lines", "periods", "budgets", "cost_centers", "assets"),
}
_PARTS = ("settings", "events", "attachments", "notes", "imports", "labels")
_PLAIN: tuple[tuple[str, sa.types.TypeEngine[Any], str], ...] = (
    ("name", sa.String(200), "Full name"),
    ("code", sa.String(20), "Short code, unique in the organization"),
    ("status", sa.String(20), "Where it is in its life"),
    ("amount", sa.Numeric(12, 2), "Net amount in euro"),
    ("quantity", sa.Integer(), "How many"),
    ("notes", sa.Text(), "Free text"),
    ("starts_on", sa.Date(), "First day"),
    ("ends_on", sa.Date(), "Last day"),
    ("is_active", sa.Boolean(), "Whether it is in use"),
    ("external_id", sa.Uuid(), "Its identifier in the other system"),
    ("details", sa.JSON(), "What has no column of its own"),
)


def many_tables(count: int, seed: int = 1) -> sa.MetaData:
    """So many tables; the same seed gives the same ones."""
    random = Random(seed)  # noqa: S311 -- names, not secrets
    metadata = sa.MetaData()
    names = [name for area in _AREAS.values() for name in area]
    names += [f"{name.removesuffix('s')}_{part}" for part, name in product(_PARTS, names)]
    made: list[sa.Table] = []
    for name in names[:count]:
        hubs = [table for table in made if table.name in {"organizations", "employees", "products", "orders"}]
        near = made[-6:]
        wanted = random.choices((0, 1, 2, 3), (2, 5, 3, 1))[0]
        parents = {
            random.choice(hubs if hubs and random.random() < 0.4 else near or made)
            for _ in range(wanted if made else 0)
        }
        if "_" in name and (owner := metadata.tables.get(f"{name.rpartition('_')[0]}s")) is not None:
            parents.add(owner)
        made.append(_table(name, metadata, sorted(parents, key=lambda one: one.name), random))
    return metadata


def _table(name: str, metadata: sa.MetaData, parents: list[sa.Table], random: Random) -> sa.Table:
    columns: list[sa.Column[Any]] = [
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True, comment="Number", info={"example": 1})
    ]
    for parent in parents:
        key = sa.ForeignKey(f"{parent.name}.id", ondelete=random.choice(("CASCADE", "RESTRICT", "SET NULL")))
        optional = random.random() < 0.3
        columns.append(
            sa.Column(f"{parent.name.removesuffix('s')}_id", sa.BigInteger(), key, nullable=optional, index=True)
        )
    if random.random() < 0.08:
        columns.append(sa.Column("parent_id", sa.BigInteger(), sa.ForeignKey(f"{name}.id"), nullable=True, index=True))
    for column, kind, comment in sorted(random.sample(_PLAIN, random.randint(2, len(_PLAIN))), key=lambda one: one[0]):
        columns.append(sa.Column(column, kind, nullable=random.random() < 0.4, comment=comment))
    columns.append(sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()))
    return sa.Table(name, metadata, *columns, comment=f"Stores the {name.replace('_', ' ')}.")
