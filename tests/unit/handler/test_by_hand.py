"""An update that somebody hands to the handler without Lambda, to try it."""

import json
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import update

STAND_IN = MagicMock()


@pytest.mark.parametrize(
    ("context", "request_id"),
    [(None, ""), (STAND_IN, str(STAND_IN.aws_request_id))],
    ids=["no context", "a stand-in"],
)
def test_an_update_needs_nothing_of_the_context(
    account: Account, capsys: pytest.CaptureFixture[str], context: Any, request_id: str
) -> None:
    result = account.handler.lambda_handler(update(), context)
    assert result["statusCode"] == 200
    account.gate.break_calls("PutItem", gate.no_connection)
    with pytest.raises(EndpointConnectionError):
        account.handler.lambda_handler(update(), context)
    stored, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert (stored["outcome"], failed["requestId"]) == ("stored", request_id)
