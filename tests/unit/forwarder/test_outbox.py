"""Metric data are put in requests that CloudWatch takes, each once."""

from typing import Any

import pytest

from scripts.forwarding.outbox import Outbox


class Recorder:
    """A CloudWatch that keeps what it is sent, and fails at a request of one's choice."""

    def __init__(self, fails_at: int = 0) -> None:
        """Fail at that request, counted from 1; at none if it is 0."""
        self.requests: list[tuple[str, list[Any]]] = []
        self._left = fails_at

    def put_metric_data(self, *, Namespace: str, MetricData: list[Any]) -> None:  # noqa: N803 - the API's
        self._left -= 1
        if self._left == 0:
            raise ConnectionError
        self.requests.append((Namespace, MetricData))


def data(number: int) -> list[dict[str, Any]]:
    return [{"Value": index} for index in range(number)]


def test_a_request_has_at_most_1000_data_of_one_namespace() -> None:
    cloudwatch = Recorder()
    outbox = Outbox(cloudwatch)
    outbox.add({"Own": data(2001), "Other": data(1)})
    assert outbox.send() == 2002
    sizes = [(namespace, len(sent)) for namespace, sent in cloudwatch.requests]
    assert sizes == [("Own", 1000), ("Own", 1000), ("Own", 1), ("Other", 1)]


def test_what_is_sent_is_not_sent_again() -> None:
    cloudwatch = Recorder()
    outbox = Outbox(cloudwatch)
    outbox.add({"Own": data(1)})
    assert (outbox.send(), outbox.send()) == (1, 0)
    assert len(cloudwatch.requests) == 1


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_what_a_failed_request_leaves_goes_with_the_next(fails_at: int) -> None:
    cloudwatch = Recorder(fails_at)
    outbox = Outbox(cloudwatch)
    outbox.add({"Own": data(2500)})
    with pytest.raises(ConnectionError):
        outbox.send()
    outbox.send()
    assert [datum for _, sent in cloudwatch.requests for datum in sent] == data(2500)
