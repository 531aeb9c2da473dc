"""What can break, twice each: as the handler's client meets it in memory, and on the wire."""

from dataclasses import dataclass

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.campaigns.faults import proxy
from tests.unit.handler import gate


@dataclass(frozen=True)
class Fault:
    """A way to break a call.

    raised: the error that an invocation ends with, ``killed`` if Lambda ends it, or nothing;
    memory, wire: for the gate and for the proxy, None if it is not one of theirs.
    """

    title: str
    raised: str
    memory: gate.Fault | None = None
    wire: proxy.Fault | None = None


@dataclass(frozen=True)
class Twin(Fault):
    """A second delivery that runs while the first is in a call, before the account hears of it.

    dies_at: the call at which Lambda ends the second one; another: it is of another update of
    the same shipment and millisecond.
    """

    dies_at: str = ""
    another: bool = False


@dataclass(frozen=True)
class WrongClock(Fault):
    """The function's clock is off, by so much at each attempt (ms)."""

    off_ms: tuple[int, ...] = (0,)


def garbled(request: AWSPreparedRequest) -> AWSResponse:
    """Answer with garbage, though the account does what was asked."""
    botocore_stubber("before-send", request)
    return AWSResponse(request.url, 200, {}, MockRawResponse("\x00<garbage"))


def reset(request: AWSPreparedRequest) -> AWSResponse:
    """Break the connection off before the account hears of the call."""
    raise ConnectionClosedError(endpoint_url=request.url)


def reset_after(request: AWSPreparedRequest) -> AWSResponse:
    """Break the connection off once the account has done what was asked."""
    botocore_stubber("before-send", request)
    raise ConnectionClosedError(endpoint_url=request.url)


def killed_after(request: AWSPreparedRequest) -> AWSResponse:
    """End the process once the account has done what was asked."""
    botocore_stubber("before-send", request)
    raise gate.Killed


def page(request: AWSPreparedRequest) -> AWSResponse:
    """Answer as a load balancer does that cannot reach the service."""
    return AWSResponse(request.url, 503, {}, MockRawResponse("<html>503</html>"))


def page_on_the_wire(_: proxy.Call) -> proxy.Answer:
    """Answer as a load balancer does that cannot reach the service."""
    return proxy.Answer(503, (), b"<html>503</html>")


def refused(title: str, status: int, code: str) -> Fault:
    """Return the fault that a service answers with an error."""
    return Fault(title, code, gate.refusal(status, code), proxy.refusal(status, code))


# What the services call the same trouble.
DYNAMODB = (
    refused("throttled", 400, "ThrottlingException"),
    refused("throughput exceeded", 400, "ProvisionedThroughputExceededException"),
    refused("fails (500)", 500, "InternalServerError"),
    refused("denied", 400, "AccessDeniedException"),
    refused("table gone", 400, "ResourceNotFoundException"),
    refused("our clock is off, signature refused", 400, "InvalidSignatureException"),
)
SNS = (
    refused("throttled", 400, "Throttling"),
    refused("fails (500)", 500, "InternalError"),
    refused("denied", 403, "AuthorizationError"),
    refused("topic gone", 404, "NotFound"),
)
SQS = (
    refused("throttled", 403, "RequestThrottled"),
    refused("fails (500)", 500, "InternalFailure"),
    refused("denied", 403, "AccessDeniedException"),
    refused("queue gone", 400, "AWS.SimpleQueueService.NonExistentQueue"),
)

# The service does not do what was asked.
UNDONE = (
    refused("unavailable (503)", 503, "ServiceUnavailable"),
    Fault("malformed response (503)", "503", page, page_on_the_wire),
    Fault("nobody listens", "EndpointConnectionError", gate.no_connection),
    Fault("connection broken off", "ConnectionClosedError", reset, proxy.reset),
    Fault("times out", "ReadTimeoutError", gate.lost_request, proxy.lost_request),
)
# Lambda ends a function that takes too long: what it waits for then is the call.
KILLED = Fault("function timeout or crash", "killed", gate.killed, proxy.lost_request)

# The service does it, and the function does not hear of it.
DONE = (
    Fault("done, connection broken off", "ConnectionClosedError", reset_after, proxy.reset_after),
    Fault("done, then times out", "ReadTimeoutError", gate.lost_response, proxy.lost_response),
)
KILLED_AFTER = Fault("done, then timeout or crash", "killed", killed_after, proxy.lost_response)


def malformed(raised: str) -> Fault:
    """Return the fault that the answer to a call that is done is garbage."""
    return Fault("done, malformed response", raised, garbled, proxy.garbled)
