"""The host is reached with the key of the variable that is named, and its refusals are sentences without that key."""

from __future__ import annotations

import pytest
import tuning_host

from distill.adopt.host import access
from distill.errors import AccessRefused, UsageError

KEY = "sk-proj-abcdef1234567890"


def test_a_key_that_is_not_there_is_asked_for_by_its_variable() -> None:
    with pytest.raises(AccessRefused, match=r"\$OTHER_KEY is not set.*--key-env"):
        access.address_of(None, "OTHER_KEY", {})
    assert access.address_of(None, "OTHER_KEY", {"OTHER_KEY": KEY}).key == KEY


def test_an_address_that_is_none_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match="base_url"):
        access.address_of("ftp://somewhere", "OPENAI_API_KEY", {"OPENAI_API_KEY": KEY})


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_organisation_is_told_without_its_key(status: int) -> None:
    async with tuning_host.serve() as host:
        host.refused["/fine_tuning"] = status
        at = access.address_of(host.base_url, "OPENAI_API_KEY", {"OPENAI_API_KEY": KEY})
        with pytest.raises(AccessRefused, match=r"refuses to tell: .*Your organization may not do this") as refused:
            async with access.opened(at) as client:
                await client.fine_tuning.jobs.list()
    assert KEY not in str(refused.value)


async def test_only_a_404_of_the_model_says_that_it_is_gone() -> None:
    """A host without a models route, or one that does not let us look, is taken to have it."""
    async with tuning_host.serve() as host:
        host.ends["ft:a"] = "2027-01-14"
        at = access.address_of(host.base_url, "", {})
        async with access.opened(at) as client:
            assert await access.look_up(client, "ft:a") == access.KnownModel(there=True, shutdown_date="2027-01-14")
            host.dark.add("ft:a")
            assert await access.look_up(client, "ft:a") == access.KnownModel(there=False)
            for status in (403, 404, 405):
                host.refused["/models"] = status
                assert (await access.look_up(client, "ft:a")).there
