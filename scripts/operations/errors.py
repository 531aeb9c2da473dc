"""One line for whatever goes wrong: what it is, and how to mend it."""

import re
from typing import Any

import click
from botocore import exceptions as aws
from botocore.exceptions import ClientError

LOG_IN = "log in again, or renew the keys of the profile in use"
CREDENTIALS = (
    "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run: "
    "aws configure"
)

# What botocore raises by itself, the more special first.
BY_KIND: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
    ((aws.NoCredentialsError, aws.PartialCredentialsError), f"no credentials: {CREDENTIALS}"),
    (
        (aws.TokenRetrievalError, aws.UnauthorizedSSOTokenError, aws.SSOTokenLoadError),
        f"the session has ended: {LOG_IN}",
    ),
    (aws.CredentialRetrievalError, f"{{}}: {LOG_IN}"),
    (aws.NoRegionError, "no region: say --region, or set AWS_DEFAULT_REGION"),
    (aws.ProfileNotFound, "{}: say another --profile; see: aws configure list-profiles"),
    (aws.SSLError, "{}: check AWS_CA_BUNDLE and AWS_ENDPOINT_URL"),
    (
        (
            aws.EndpointConnectionError,
            aws.ConnectionClosedError,
            aws.HTTPClientError,
            aws.ConnectTimeoutError,
            aws.ReadTimeoutError,
        ),
        "{}: check the network, --region and AWS_ENDPOINT_URL",
    ),
]

# What a service answers, by its code.
BY_CODE = {
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        f"the credentials have expired: {LOG_IN}",
    ),
    **dict.fromkeys(
        (
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "AuthFailure",
        ),
        f"the credentials are not valid here: {CREDENTIALS}",
    ),
    **dict.fromkeys(
        ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled"),
        "AWS limits the rate of {operation}: wait a minute and run it again",
    ),
    **dict.fromkeys(
        (
            "ResourceNotFoundException",
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        ),
        "{operation}: {message} Is the stack whole? Deploy it again to mend it",
    ),
}
DENIED = re.compile(r"not authorized to perform: (\S+?)[.,]?(?: on resource: (\S+))?(?:\s|$)")


class WrongUse(click.ClickException):
    """The command was used wrongly; the message says what, and how to mend it."""

    exit_code = 2


def explain(error: Exception) -> str:
    """Return one line that says what is wrong and, where that is known, how to mend it."""
    if isinstance(error, ClientError):
        return one_line(_refusal(error))
    for kind, advice in BY_KIND:
        if isinstance(error, kind):
            return one_line(advice.format(str(error).rstrip(".")))
    return one_line(str(error) or type(error).__name__)


def code_of(error: Exception) -> str:
    """Return the code of what a service answered, or the name of the error."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def one_line(text: str) -> str:
    """Return text without line breaks and other control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _refusal(error: ClientError) -> str:
    code = code_of(error)
    message = str(error.response["Error"].get("Message") or "no reason given")
    if "AccessDenied" in code or "NotAuthorized" in code or code == "UnauthorizedOperation":
        found = DENIED.search(message)
        action = found[1] if found else error.operation_name
        resource = f" on {found[2]}" if found and found[2] else ""
        return f"not allowed: have {action}{resource} granted to the identity in use"
    advice = BY_CODE.get(code, "{operation}: {code}: {message}")
    return advice.format(operation=error.operation_name, code=code, message=message)
