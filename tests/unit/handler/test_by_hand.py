"""An update that somebody hands to the handler without Lambda, to try it."""

import json
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.updates import update


@pytest.mark.parametrize("context", [None, MagicMock()], ids=["no context", "a stand-in"])
def test_an_update_needs_nothing_of_the_context(
    account: Account, capsys: pytest.CaptureFixture[str], context: Any
) -> None:
    result = account.handler.lambda_handler(update(), context)
    assert result["statusCode"] == 200
    assert json.loads(capsys.readouterr().out)["outcome"] == "stored"
