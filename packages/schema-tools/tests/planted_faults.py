"""A small shop, and faults that are planted in it one at a time, each beside the same project without the fault.

A tool finds a fault when it says something of the project that has it, and not of the other. So what a tool says of
both, such as an opinion about the new column, does not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

NOWHERE: Final = "postgresql+psycopg://app@db.example.com/shop"

INI: Final = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
sqlalchemy.url = {url}
"""

# As `alembic init` writes it, with the tables, and with all that Alembic is able to compare.
ENVIRONMENT: Final = """\
from alembic import context
from sqlalchemy import engine_from_config, pool

from shop.models import Base

config = context.config
target_metadata = Base.metadata
OPTIONS = {
    "target_metadata": target_metadata,
    "compare_server_default": True,
    "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
}


def run_migrations_offline() -> None:
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, **OPTIONS)

        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""

MODELS: Final = '''\
from sqlalchemy import DDL, BigInteger, CheckConstraint, Enum, ForeignKey, Identity, Integer, MetaData, Numeric, String
from sqlalchemy import Text, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


class Base(DeclarativeBase):
    metadata = metadata


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(Text)
    # more of Customer


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity_positive"),
        # more constraints
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(Enum("open", "paid", name="order_state"))
    quantity: Mapped[int] = mapped_column(Integer, server_default="1")
    total: Mapped[float] = mapped_column(Numeric(10, 2))
    # more of Order


LABEL = """RETURNS text LANGUAGE sql IMMUTABLE RETURN 'order ' || number::text"""
event.listen(metadata, "before_create", DDL(f"CREATE FUNCTION order_label(number integer) {LABEL}"))
'''

FIRST: Final = """\
import sqlalchemy as sa
from alembic import op

revision = "a001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("email", name="uq_customers_email"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.Integer, nullable=False),
        sa.Column("state", sa.Enum("open", "paid", name="order_state"), nullable=False),
        sa.Column("quantity", sa.Integer, server_default="1", nullable=False),
        sa.Column("total", sa.Numeric(10, 2), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_orders_quantity_positive")),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_orders_customer_id_customers", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.execute(
        "CREATE FUNCTION order_label(number integer) "
        "RETURNS text LANGUAGE sql IMMUTABLE RETURN 'order ' || number::text"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION order_label(integer)")
    op.drop_table("orders")
    op.drop_table("customers")
    op.execute("DROP TYPE order_state")
"""

_VERSIONS: Final = "migrations/versions"
_MODELS: Final = "shop/models/__init__.py"


def revision(name: str, after: str | tuple[str, ...], up: str = "pass", down: str = "pass") -> str:
    """The text of a revision."""
    bodies = ("\n".join(f"    {line}" if line else "" for line in body.strip().splitlines()) for body in (up, down))
    return (
        f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {name!r}\ndown_revision = {after!r}\n"
        "branch_labels = None\ndepends_on = None\n\n\ndef upgrade() -> None:\n{}\n\n\ndef downgrade() -> None:\n{}\n"
    ).format(*bodies)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The shop with some changes.

    Attributes:
        models: Texts of `shop/models/__init__.py`, and what is there instead.
        up: The body of the upgrade of a second revision; without one there is none.
        down: The body of its downgrade.
        files: More files.
        edited: Texts of the first revision and of the models, and what is there instead, once migrations were locked
            and applied.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    up: str = ""
    down: str = "pass"
    files: Mapping[str, str] = field(default_factory=dict)
    edited: Mapping[str, str] = field(default_factory=dict)

    def write(self, directory: Path, environment: str = ENVIRONMENT, url: str = NOWHERE) -> None:
        """Write it as a project, before anything was edited."""
        second = {f"{_VERSIONS}/a002_second.py": revision("a002", "a001", self.up, self.down)} if self.up else {}
        files = {
            "alembic.ini": INI.format(url=url.replace("%", "%%")),
            "migrations/env.py": environment,
            f"{_VERSIONS}/a001_first.py": FIRST,
            "shop/__init__.py": "",
            _MODELS: _replaced(MODELS, self.models),
            **second,
            **self.files,
        }
        for name, content in files.items():
            file = directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")

    def edit(self, directory: Path) -> None:
        """Make the changes that came after migrations were locked and applied."""
        for name in (_MODELS, f"{_VERSIONS}/a001_first.py") if self.edited else ():
            file = directory / name
            text = file.read_text(encoding="utf-8")
            file.write_text(_replaced(text, {old: new for old, new in self.edited.items() if old in text}), "utf-8")


def _replaced(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and the project that has it and one that does not."""

    name: str
    faulty: Shop
    sound: Shop = field(default_factory=Shop)


_CUSTOMER: Final = "    # more of Customer"
_ORDER: Final = "    # more of Order"
_PHONE: Final = {_CUSTOMER: "    phone: Mapped[str | None] = mapped_column(Text)"}
_NAME: Final = "    name: Mapped[str] = mapped_column(Text)"
_MAYBE_NAME: Final = {_NAME: "    name: Mapped[str | None] = mapped_column(Text)"}
_ADD_PHONE: Final = 'op.add_column("customers", sa.Column("phone", sa.Text))'
_DROP_PHONE: Final = 'op.drop_column("customers", "phone")'
_INDEXED_NAME: Final = {_NAME: "    name: Mapped[str] = mapped_column(Text, index=True)"}
_TRIGGER: Final = (
    _ADD_PHONE
    + """
op.execute("CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
op.execute("CREATE TRIGGER touched BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touched()")"""
)
_LARGE: Final = {"        # more constraints": '        CheckConstraint("total >= 10", "total_large"),'}
_ADD_LARGE: Final = 'op.create_check_constraint(op.f("ck_orders_total_large"), "orders", "total >= 10")'
_RAISE_TOTALS: Final = 'op.execute("UPDATE orders SET total = 10 WHERE total < 10")\n'
_DROP_LARGE: Final = 'op.drop_constraint(op.f("ck_orders_total_large"), "orders")'
_CHANNEL: Final = "    channel: Mapped[str] = mapped_column(Text{})"
_DROP_CHANNEL: Final = 'op.drop_column("orders", "channel")'
_QUANTITY: Final = '    quantity: Mapped[int] = mapped_column(Integer, server_default="1")'

FAULTS: Final = (
    Fault(
        name="a column of the mapping that no migration adds",
        faulty=Shop(models=_PHONE),
        sound=Shop(models=_PHONE, up=_ADD_PHONE, down=_DROP_PHONE),
    ),
    Fault(
        name="another default in the mapping",
        faulty=Shop(models={'server_default="1"': 'server_default="0"'}),
    ),
    Fault(name="a column that may be null in the mapping only", faulty=Shop(models=_MAYBE_NAME)),
    Fault(name="a CHECK of the mapping that no migration adds", faulty=Shop(models=_LARGE)),
    Fault(name="an index of the mapping that no migration adds", faulty=Shop(models=_INDEXED_NAME)),
    Fault(
        name="an enum label of the mapping that no migration adds",
        faulty=Shop(models={'"open", "paid"': '"open", "paid", "refunded"'}),
    ),
    Fault(
        name="another body of a function in the code",
        faulty=Shop(models={"'order '": "'Order '"}),
    ),
    Fault(
        name="a module with a table that env.py does not import",
        faulty=Shop(
            files={
                "shop/models/reports.py": "from sqlalchemy.orm import Mapped, mapped_column\n\n"
                'from shop.models import Base\n\n\nclass Report(Base):\n    __tablename__ = "reports"\n\n'
                "    id: Mapped[int] = mapped_column(primary_key=True)\n"
            }
        ),
    ),
    Fault(
        name="a downgrade that does nothing",
        faulty=Shop(models=_PHONE, up=_ADD_PHONE),
        sound=Shop(models=_PHONE, up=_ADD_PHONE, down=_DROP_PHONE),
    ),
    Fault(
        name="a downgrade that leaves a trigger behind",
        faulty=Shop(models=_PHONE, up=_TRIGGER, down=_DROP_PHONE),
        sound=Shop(
            models=_PHONE,
            up=_TRIGGER,
            down='op.execute("DROP TRIGGER touched ON customers")\nop.execute("DROP FUNCTION touched()")\n'
            f"{_DROP_PHONE}",
        ),
    ),
    Fault(
        name="a downgrade that fails over rows",
        faulty=Shop(
            models=_MAYBE_NAME,
            up='op.alter_column("customers", "name", nullable=True)',
            down='op.alter_column("customers", "name", nullable=False)',
        ),
        sound=Shop(
            models=_MAYBE_NAME,
            up='op.alter_column("customers", "name", nullable=True)',
            down="op.execute(\"UPDATE customers SET name = '' WHERE name IS NULL\")\n"
            'op.alter_column("customers", "name", nullable=False)',
        ),
    ),
    Fault(
        name="an upgrade that fails over rows",
        faulty=Shop(models=_LARGE, up=_ADD_LARGE, down=_DROP_LARGE),
        sound=Shop(
            models=_LARGE,
            up=_RAISE_TOTALS + _ADD_LARGE,
            down=_DROP_LARGE,
        ),
    ),
    Fault(
        name="a NOT NULL column without a default",
        faulty=Shop(
            models={_ORDER: _CHANNEL.format("")},
            up='op.add_column("orders", sa.Column("channel", sa.Text, nullable=False))',
            down=_DROP_CHANNEL,
        ),
        sound=Shop(
            models={_ORDER: _CHANNEL.format(', server_default="web"')},
            up='op.add_column("orders", sa.Column("channel", sa.Text, server_default="web", nullable=False))',
            down=_DROP_CHANNEL,
        ),
    ),
    Fault(
        name="a type change that rewrites the table",
        faulty=Shop(
            models={_QUANTITY: _QUANTITY.replace("Integer", "BigInteger")},
            up='op.alter_column("orders", "quantity", type_=sa.BigInteger)',
            down='op.alter_column("orders", "quantity", type_=sa.Integer)',
        ),
        sound=Shop(
            models={_ORDER: "    amount: Mapped[int | None] = mapped_column(BigInteger)"},
            up='op.add_column("orders", sa.Column("amount", sa.BigInteger))',
            down='op.drop_column("orders", "amount")',
        ),
    ),
    Fault(
        name="an index that is not built concurrently",
        faulty=Shop(
            models=_INDEXED_NAME,
            up='op.create_index("ix_customers_name", "customers", ["name"])',
            down='op.drop_index("ix_customers_name")',
        ),
        sound=Shop(
            models=_INDEXED_NAME,
            up="with op.get_context().autocommit_block():\n"
            '    op.create_index("ix_customers_name", "customers", ["name"], postgresql_concurrently=True)',
            down='op.drop_index("ix_customers_name")',
        ),
    ),
    Fault(
        name="a migration that was edited after it was applied",
        faulty=Shop(
            # Longer, so that Python sees in the same second that what it has compiled is outdated.
            edited={
                "email: Mapped[str] = mapped_column(String(200)": "email: Mapped[str] = mapped_column(String(1000)",
                'sa.Column("email", sa.String(200)': 'sa.Column("email", sa.String(1000)',
            }
        ),
    ),
    Fault(
        name="two heads",
        faulty=Shop(
            up="pass",
            files={f"{_VERSIONS}/a003_third.py": revision("a003", "a001")},
        ),
        sound=Shop(
            up="pass",
            files={
                f"{_VERSIONS}/a003_third.py": revision("a003", "a001"),
                f"{_VERSIONS}/a004_merge.py": revision("a004", ("a002", "a003")),
            },
        ),
    ),
    Fault(
        name="an index whose name is not of the naming convention",
        faulty=Shop(
            models={
                "        # more constraints": '        Index("names_of_orders", "total"),',
                "Identity,": "Identity, Index,",
            },
            up='op.create_index("names_of_orders", "orders", ["total"])',
            down='op.drop_index("names_of_orders")',
        ),
        sound=Shop(
            models={
                "        # more constraints": '        Index("ix_orders_total", "total"),',
                "Identity,": "Identity, Index,",
            },
            up='op.create_index("ix_orders_total", "orders", ["total"])',
            down='op.drop_index("ix_orders_total")',
        ),
    ),
)
