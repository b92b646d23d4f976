"""Sequences: those that stand alone, those that a column owns, and the options that identities share with them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.postgresql.found import Found, catalog_object

# An identity's sequence depends on its column internally, and is part of the column.
_SEQUENCES: Final = """
SELECT c.oid, quote_ident(c.relname) AS name, c.relpersistence::text AS persistence, de.description AS comment,
       format_type(s.seqtypid, NULL) AS type, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       o.refobjid::regclass::text AS "table", quote_ident(a.attname) AS "column"
FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
  AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = c.oid AND de.objsubid = 0
WHERE c.relnamespace = :namespace AND o.deptype IS DISTINCT FROM 'i'
ORDER BY c.relname
"""

_BITS: Final = {"smallint": 16, "integer": 32, "bigint": 64}


def sequences(connection: Connection, namespace: int) -> Iterator[Found]:
    """The sequences of a schema, without those of identities."""
    for row in connection.execute(text(_SEQUENCES), {"namespace": namespace}).all():
        target = f"SEQUENCE {row.name}"
        options = sequence_options(row)
        owner = f"{row.table}.{row.column}" if row.column else None
        unlogged = row.persistence == "u"
        made = catalog_object(
            "sequence",
            target,
            row,
            # Its owner may not be there yet.
            f"CREATE {'UNLOGGED ' * unlogged}{target} AS {row.type} {' '.join(options.values())}",
            aspects={
                "type": row.type,
                "start": row.seqstart,
                "increment": row.seqincrement,
                "minimum": None if options["minimum"].startswith("NO ") else row.seqmin,
                "maximum": None if options["maximum"].startswith("NO ") else row.seqmax,
                "cache": row.seqcache,
                "cycle": row.seqcycle,
                "owned by": owner,
                # That of a sequence with an owner is its table's.
                "persistence": "unlogged" if unlogged and owner is None else None,
            },
            alter={
                "type": f"ALTER {target} AS {row.type}",
                **{aspect: f"ALTER {target} {clause}" for aspect, clause in options.items()},
                "owned by": f"ALTER {target} OWNED BY {owner or 'NONE'}",
                "persistence": f"ALTER {target} SET {'UNLOGGED' if unlogged else 'LOGGED'}",
            },
            table=row.table,
        )
        yield Found(("pg_class", row.oid, 0), made)


def sequence_options(row: Row[Any]) -> Mapping[str, str]:
    """The clause of each option of a sequence, as CREATE SEQUENCE has them.

    A limit that is that of the type is not spelled out, so that it changes when the type does.
    https://www.postgresql.org/docs/current/sql-createsequence.html
    """
    highest = 2 ** (_BITS[row.type] - 1)
    default = (1, highest - 1) if row.seqincrement > 0 else (-highest, -1)
    return {
        "increment": f"INCREMENT BY {row.seqincrement}",
        "minimum": "NO MINVALUE" if row.seqmin == default[0] else f"MINVALUE {row.seqmin}",
        "maximum": "NO MAXVALUE" if row.seqmax == default[1] else f"MAXVALUE {row.seqmax}",
        "start": f"START WITH {row.seqstart}",
        "cache": f"CACHE {row.seqcache}",
        "cycle": "CYCLE" if row.seqcycle else "NO CYCLE",
    }
