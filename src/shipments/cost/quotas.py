"""Which quota of AWS binds first, in the busiest second."""

from typing import NamedTuple

from shipments.cost import model
from shipments.cost.data import Quota, quotas
from shipments.cost.model import OURS, PARAMETERS, PLAIN, Parameters, Traffic


class Bound(NamedTuple):
    """A quota, what is needed of it in the busiest second, and up to how many updates a day."""

    name: str
    quota: Quota
    needed: float
    holds_per_day: float

    @property
    def share(self) -> float:
        """How much of the quota is needed; over 1 it is too small."""
        return self.needed / self.quota.limit


def bounds(t: Traffic, p: Parameters = PARAMETERS, *, with_status: bool = False) -> list[Bound]:
    """Return the quotas that a stack meets, the first to bind first."""
    share = t.critical * (1 - t.rejected)
    mailed = share * (p["AlertMail"] != "off") + t.rejected * (p["AlertMail"] == "each")
    writes = (1 - t.rejected + t.redelivered) * model.units(model.row_bytes(t)) + share
    needed = {
        "mails to one address": mailed,
        "PutEvents requests": 1.0,
        "invocations by rules": 1.0,
        "executions at once": model.billed_ms(t.a_month(), OURS) / 1000,
        "write units of a new table": writes,
        "write units of a table": writes,
        "messages published": share + t.rejected,
    }
    if with_status:
        needed["write units of one status"] = 2.0
    return _bounds(t, needed)


def plain_bounds(t: Traffic) -> list[Bound]:
    """Return the quotas that a plain handler meets, the first to bind first."""
    needed = {
        "mails to one address": t.critical + t.rejected,
        "PutMetricData requests": 1.0 + t.redelivered,
        "executions at once": model.billed_ms(t.a_month(), PLAIN) / 1000,
    }
    return _bounds(t, needed)


def _bounds(t: Traffic, per_update: dict[str, float]) -> list[Bound]:
    found = []
    for name, each in per_update.items():
        if not each:
            continue
        quota = quotas()[name]
        needed = each * t.peak_per_second
        found.append(Bound(name, quota, needed, quota.limit / needed * t.per_day))
    return sorted(found, key=lambda bound: bound.holds_per_day)
