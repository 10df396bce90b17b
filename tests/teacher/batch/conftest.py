"""A failed account shows its figures, as an assertion in a test does."""

import pytest

pytest.register_assert_rewrite("accounts")
