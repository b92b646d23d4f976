"""The HTTP contract, line by line: black-box tests that `docs/http-api.md` names beside what they hold it to."""
