"""What the document says of API keys is what the service takes and answers."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from foundation.http.access.api_key_schemas import ApiKeyBody, IssuedApiKeyBody, RotateApiKeyBody
from foundation.kernel.access.api_keys.secret import new_secret
from foundation.kernel.access.api_keys.values import ApiKeyName, InvalidText


def said_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    said: dict[str, Any] = model.model_json_schema()["properties"][name]
    return said


def test_a_name_has_as_many_characters_as_the_document_says() -> None:
    said = said_of(ApiKeyBody, "name")
    for length in (said["minLength"], said["maxLength"]):
        assert ApiKeyName("x" * length).value == "x" * length
    for length in (said["minLength"] - 1, said["maxLength"] + 1):
        with pytest.raises(InvalidText):
            ApiKeyName("x" * length)


def test_an_overlap_has_0_seconds_to_30_days_and_is_a_day_by_default() -> None:
    said = said_of(RotateApiKeyBody, "overlap_seconds")
    assert (said["minimum"], said["maximum"], said["default"]) == (0, 30 * 86_400, 86_400)


def test_a_secret_has_the_form_and_the_length_that_the_document_says() -> None:
    said = said_of(IssuedApiKeyBody, "secret")
    secret = new_secret()
    assert re.fullmatch(said["pattern"], secret)
    assert len(secret) == said["maxLength"]
