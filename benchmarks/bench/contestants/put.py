"""One bare put_item by a client with our handler's settings: it cannot be cheaper."""

from typing import Any

import boto3
from botocore.config import Config

from benchmarks.bench.updates import put_request

TWICE = {"mode": "standard", "total_max_attempts": 2}
dynamodb = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=1, read_timeout=2, retries=TWICE, parameter_validation=False),
)


def lambda_handler(event: dict[str, Any], _context: Any) -> None:
    """Store an update."""
    dynamodb.put_item(**put_request(event))
