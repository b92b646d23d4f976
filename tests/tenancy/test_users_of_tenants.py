"""Each tenant has users of its own, on every storage."""

from dataclasses import replace

from contract.test_user_contract import TestUsers as UserContract
from foundation.testing.entity_contract import EntityContract
from foundation.testing.tenancy_contract import ONE, TenancyContract

EXAMPLES = replace(UserContract.examples, create=None)


class TestTenants(TenancyContract):
    examples = EXAMPLES


class TestUsersOfOneTenant(EntityContract):
    """Within a tenant, they keep the promises of every entity."""

    examples = EXAMPLES
    principal = ONE
