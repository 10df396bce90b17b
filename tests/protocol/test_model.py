"""Models, as the SDK's own types read them."""

from __future__ import annotations

from openai.types import Model, ModelDeleted

from distill.protocol import model


def test_a_model_and_its_end_are_the_sdks() -> None:
    found = Model.model_validate(model.model(identity="m", created=1, owned_by="user", root="base"), strict=True)
    assert (found.id, found.owned_by) == ("m", "user")
    assert ModelDeleted.model_validate(model.deleted_model(identity="m"), strict=True).deleted
