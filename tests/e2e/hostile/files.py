"""Hostile batches, imports and exports."""

from typing import Final

from e2e.hostile.cases import SOMEBODY, USERS, Case, cases, post, request

_BATCH: Final = USERS + b"/batch"
_IMPORT: Final = USERS + b"/import"
_EXPORT: Final = USERS + b"/export"


def _ndjson(content: bytes, *fields: bytes, target: bytes = _IMPORT) -> bytes:
    return post(content, *fields, media_type=b"application/x-ndjson", target=target)


def _csv(content: bytes, header: bytes = b"email,name\r\n") -> bytes:
    return post(header + content, media_type=b"text/csv", target=_IMPORT)


FILES: Final[list[Case]] = [
    *cases(
        422,
        empty_batch=post(b'{"items": []}', target=_BATCH),
        batch_of_nothing=post(b"{}", target=_BATCH),
        batch_of_nulls=post(b'{"items": [null, null]}', target=_BATCH),
        batch_of_a_text=post(b'{"items": "abc"}', target=_BATCH),
        batch_of_lists=post(b'{"items": [[], [[]]]}', target=_BATCH),
        batch_of_a_hundred_and_one=post(b'{"items": [%s]}' % b",".join([SOMEBODY] * 101), target=_BATCH),
        batch_of_ten_thousand=post(b'{"items": [%s]}' % b",".join([SOMEBODY] * 10_000), target=_BATCH),
        batch_with_an_escaped_null=post(
            b'{"items": [%s, {"email": "b@example.com", "name": "a\\u0000b"}]}' % SOMEBODY, target=_BATCH
        ),
        lines_that_are_no_json=_ndjson(b"hello\n"),
        lines_with_raw_nulls=_ndjson(b"\x00\n\x00\n"),
        lines_in_utf_16=_ndjson(SOMEBODY.decode().encode("utf-16")),
        lines_with_a_byte_order_mark=_ndjson(b"\xef\xbb\xbf" + SOMEBODY),
        line_with_a_surrogate=_ndjson(rb'{"email": "b@example.com", "name": "\ud800"}'),
        line_with_a_raw_surrogate=_ndjson(b'{"email": "b@example.com", "name": "\xed\xa0\x80"}'),
        line_with_an_escaped_null=_ndjson(rb'{"email": "b@example.com", "name": "a\u0000"}'),
        line_with_raw_latin_1=_ndjson(b'{"email": "b@example.com", "name": "\xe9"}'),
        line_that_is_infinite=_ndjson(b'{"email": "b@example.com", "name": 1e999}'),
        line_that_is_deep=_ndjson(b"[" * 30_000 + b"]" * 30_000),
        line_of_70_kib=_ndjson(b'{"email": "b@example.com", "name": "' + b"a" * 70_000 + b'"}'),
        line_of_a_megabyte=_ndjson(b"a" * 1_000_000),
        many_bad_lines=_ndjson(b"{}\n" * 20_000),
        many_empty_lines=_ndjson(b"\n" * 100_000),
        good_line_before_a_bad_one=_ndjson(SOMEBODY + b"\n{"),
        table_without_a_header=_csv(b"", b""),
        table_with_another_header=_csv(b"", b"a,b\r\n"),
        table_with_a_null=_csv(b"b@example.com,a\x00b\r\n"),
        table_in_latin_1=_csv(b"b@example.com,\xe9\r\n"),
        table_with_open_quotes=_csv(b'b@example.com,"' + b"a\n" * 50_000),
        table_with_strange_quotes=_csv(b'b@example.com,"a"b"c"\r\n'),
        table_with_many_cells=_csv(b"," * 60_000 + b"\r\n"),
        table_with_one_cell=_csv(b"b@example.com\r\n"),
        unknown_conflict=_ndjson(SOMEBODY, target=_IMPORT + b"?on_conflict=explode"),
        unknown_fields=request(_EXPORT + b"?fields=password"),
        repeated_fields=request(_EXPORT + b"?fields=email,email"),
        no_fields_at_all=request(_EXPORT + b"?fields="),
        fields_with_a_null=request(_EXPORT + b"?fields=email%00"),
        eight_kib_of_fields=request(_EXPORT + b"?fields=" + b"email," * 1_300),
    ),
    *cases(
        400,
        batch_with_a_surrogate=post(rb'{"items": [{"email": "b@example.com", "name": "\ud800"}]}', target=_BATCH),
        import_with_a_key=_ndjson(SOMEBODY, b"Idempotency-Key: a"),
        key_with_a_blank=post(SOMEBODY, b"Idempotency-Key: a b"),
        key_of_nothing=post(SOMEBODY, b"Idempotency-Key:"),
        key_of_8_kib=post(SOMEBODY, b"Idempotency-Key: " + b"a" * 8_000),
        key_in_raw_bytes=post(SOMEBODY, b"Idempotency-Key: \xff\xfe"),
        two_keys=post(SOMEBODY, b"Idempotency-Key: a", b"Idempotency-Key: b"),
    ),
    *cases(413, batch_of_more_than_a_mebibyte=post(b" " * (1024 * 1024 + 1), target=_BATCH)),
    *cases(
        415,
        import_of_json=post(SOMEBODY, target=_IMPORT),
        import_of_a_spreadsheet=post(b"PK\x03\x04", media_type=b"application/vnd.ms-excel", target=_IMPORT),
        import_in_another_charset=post(b"", media_type=b"text/csv; charset=iso-8859-1", target=_IMPORT),
        import_that_is_compressed=_ndjson(SOMEBODY, b"Content-Encoding: gzip"),
    ),
    *cases(406, export_as_a_page=request(_EXPORT, b"Accept: text/html")),
    *cases(405, deletion_of_the_batch=request(_BATCH, method=b"DELETE"), reading_of_the_import=request(_IMPORT)),
    *cases(200, import_of_nothing=_ndjson(b""), import_of_a_header=_csv(b"")),
]
