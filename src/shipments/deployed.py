"""Compares the deployed function's code with the rules that the commands check by."""

import hashlib
import io
import os
import ssl
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from botocore.exceptions import BotoCoreError, ClientError

from shipments import __version__, handler
from shipments.errors import explain
from shipments.stack import Stack

SECONDS = 10  # for the download
MOST_BYTES = 5_000_000  # inline code has 4 MB at most
FILE = "index.py"


def rules_line(stack: Stack) -> str:
    """Return one line: which version's rules are used here, and whether the function has them."""
    rules = f"Checked by the rules of shipments {__version__}"
    try:
        other = other_code(stack)
    except (ClientError, BotoCoreError, OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        return f"{rules}; not compared with the deployed function: {explain(error)}."
    if not other:
        return f"{rules}, which the deployed function has."
    return (
        f"Warning: {rules[0].lower()}{rules[1:]} (handler {handler.digest()}), but the deployed "
        f"function has other code (handler {other}): it may reject other updates. Install the "
        "version that belongs to the stack, or deploy the template of this one."
    )


def other_code(stack: Stack, function: str = "", path: Path = handler.PATH) -> str:
    """Return the digest of a deployed function's code if it is not the one here, or nothing.

    function: its name, by default the one that processes updates; path: of the code here.
    Raises ClientError, or OSError if the code cannot be downloaded.
    """
    deployed = _digest(_code(stack, function or stack["ShipmentProcessorFunctionName"]))
    return "" if deployed == _digest(path.read_bytes()) else deployed


def _code(stack: Stack, function: str) -> bytes:
    """Return the text of a deployed function."""
    client = stack.client("lambda")
    answer = client.get_function(FunctionName=function)
    url = _reachable(answer["Code"]["Location"], client.meta.endpoint_url)
    trust = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    with urlopen(url, timeout=SECONDS, context=trust) as response:  # noqa: S310 - Lambda's answer
        archive: Any = response.read(MOST_BYTES)
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return files.read(FILE)


def _reachable(location: str, endpoint: str) -> str:
    """Return a URL of this machine as the endpoint has it: an emulator omits its TLS."""
    found, own = urlsplit(location), urlsplit(endpoint)
    if found.hostname in {"localhost", "127.0.0.1"}:
        found = found._replace(scheme=own.scheme, netloc=own.netloc)
    return found.geturl()


def _digest(code: bytes) -> str:
    return hashlib.sha256(code.rstrip() + b"\n").hexdigest()[:12]
