"""One line for whatever goes wrong: what it is, and how to fix it."""

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
    (
        (aws.ConfigParseError, aws.InvalidConfigError),
        "{}: correct the file that AWS_CONFIG_FILE names, by default ~/.aws/config",
    ),
    (aws.InvalidRegionError, "{}: pass another --region"),
    (aws.NoRegionError, "no region: pass --region, or set AWS_DEFAULT_REGION"),
    (aws.ProfileNotFound, "{}: pass another --profile; see: aws configure list-profiles"),
    (aws.SSLError, "{}: check AWS_CA_BUNDLE and AWS_ENDPOINT_URL"),
    (
        (aws.ConnectionError, aws.HTTPClientError),
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
        f"the credentials are not valid here: {CREDENTIALS}, or pass another --region",
    ),
    **dict.fromkeys(
        (
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "RequestThrottled",
            "RequestLimitExceeded",
            "ProvisionedThroughputExceededException",
        ),
        "AWS limits the rate of {operation}: wait a minute and run it again",
    ),
    **dict.fromkeys(
        (
            "ResourceNotFoundException",
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        ),
        "{operation}: {message} Is the stack complete? Deploy it again",
    ),
}
# Unicode calls them printable, but they are shown as a blank or not at all.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
DENIED = re.compile(r"not authorized to perform: (\S+?)[.,]?(?: on resource: (\S+))?(?:\s|$)")


class CommandError(click.ClickException):
    """A command cannot do what it is asked; the message is one line: what is wrong, and the fix."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def explain(error: Exception) -> str:
    """Return one line that says what is wrong and, where that is known, how to fix it."""
    if isinstance(error, ClientError):
        return one_line(_refusal(error))
    for kind, advice in BY_KIND:
        if isinstance(error, kind):
            return one_line(advice.format(str(error).rstrip(".")))
    return one_line(str(error) or type(error).__name__)


def code_of(error: Exception) -> str:
    """Return the code of what a service answered, or the name of the error."""
    response: dict[str, Any] = getattr(error, "response", None) or {}  # botocore's may be None
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def is_denied(error: Exception) -> bool:
    """Return whether a service says that the identity in use may not make the call."""
    code = code_of(error)
    # AuthorizationError is what SNS says.
    denials = {"AuthorizationError", "UnauthorizedOperation"}
    return "AccessDenied" in code or "NotAuthorized" in code or code in denials


def one_line(text: str) -> str:
    """Return a value as one line without runs of blanks, which could push text to the next row."""
    return " ".join(harmless(text).split())


def harmless(text: str) -> str:
    """Return text with a space for each character that a terminal acts on or does not show."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in UNSEEN.sub(" ", text))


def _refusal(error: ClientError) -> str:
    code = code_of(error)
    message = str(error.response["Error"].get("Message") or "no reason given")
    if is_denied(error):
        found = DENIED.search(message)
        action = found[1] if found else error.operation_name
        resource = f" on {found[2]}" if found and found[2] else ""
        return f"not allowed: have {action}{resource} granted to the identity in use"
    advice = BY_CODE.get(code, "{operation}: {code}: {message}")
    return advice.format(operation=error.operation_name, code=code, message=message)
