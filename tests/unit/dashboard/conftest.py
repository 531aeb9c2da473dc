"""An account of its own for each test, with nothing in it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

REGION = "us-east-1"


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        yield _session()


@cache
def _session() -> boto3.Session:
    """Return one session for all tests, as each reads botocore's models anew."""
    return boto3.Session(region_name=REGION)


@pytest.fixture
def cloudwatch(session: boto3.Session) -> Any:
    return session.client("cloudwatch")
