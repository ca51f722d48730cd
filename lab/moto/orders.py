"""What the lab orders (refusals, lost answers), and the count of calls."""

import threading
from collections import Counter
from dataclasses import dataclass

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.exceptions import EC2ClientError
from moto.route53.exceptions import Route53ClientError

# Codes which AWS sends with a server's status; SDKs take those as a reason to try again.
SERVER_ERRORS = {"InsufficientInstanceCapacity", "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"}

MESSAGES = {
    "InstanceLimitExceeded": "You have requested more instances than your current instance limit allows for the specified instance type.",
    "VcpuLimitExceeded": "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket.",
    "InsufficientInstanceCapacity": "We currently do not have sufficient capacity for the instance type in the zone you requested.",
    "AddressLimitExceeded": "The maximum number of addresses has been reached.",
    "RequestLimitExceeded": "Request limit exceeded.",
    "UnauthorizedOperation": "You are not authorized to perform this operation.",
}


@dataclass
class Order:
    kind: str
    action: str
    count: int
    code: str = ""
    message: str = ""
    instance_type: str | None = None


_lock = threading.Lock()
_orders: list[Order] = []
_calls: Counter[str] = Counter()
_call = threading.local()


def order(kind: str, body: dict) -> dict:
    """Takes an order of the kind "refuse", "lose" or "pending". A key that is not known is an error, not a silence."""
    known = {"action", "count"} | ({"code", "message", "instanceType"} if kind == "refuse" else set())
    if unknown := set(body) - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    code = body["code"] if kind == "refuse" else ""
    taken = Order(
        kind=kind,
        action=body.get("action", "RunInstances"),
        count=int(body.get("count", 1)),
        code=code,
        message=body.get("message") or MESSAGES.get(code, f"Refused on order of the lab: {code}."),
        instance_type=body.get("instanceType"),
    )
    with _lock:
        _orders.append(taken)
    return {"ordered": taken.count}


def clear() -> dict:
    with _lock:
        _orders.clear()
    return {}


def calls_so_far() -> dict:
    with _lock:
        return dict(_calls)


def forget_calls() -> dict:
    with _lock:
        _calls.clear()
    return {}


def _take(kind: str, action: str, instance_type: str | None = None) -> Order | None:
    with _lock:
        for found in _orders:
            wanted_type = found.instance_type in (None, instance_type)
            if found.kind == kind and found.action == action and found.count > 0 and wanted_type:
                found.count -= 1
                return found
    return None


def is_ordered(kind: str, action: str) -> bool:
    return _take(kind, action) is not None


def refuse_if_ordered(action: str, instance_type: str | None = None, error: type[ServiceException] = EC2ClientError) -> None:
    """Raises the error that was ordered for this call, if one was."""
    if found := _take("refuse", action, instance_type):
        raise error(found.code, found.message)


def answer_is_lost() -> bool:
    """Whether the answer to the call that this thread has just served is to be lost."""
    lost, _call.lost = getattr(_call, "lost", False), False
    return lost


def apply() -> None:
    """Counts each call of each service, and carries out the orders."""
    call_action = BaseResponse.call_action

    def counted(self: BaseResponse):
        action = self._get_action()
        with _lock:
            _calls[f"{self.service_name}.{action}"] += 1
        _call.lost = _take("lose", action) is not None
        try:
            if action != "RunInstances":  # those are refused where the token is known (ec2_rules)
                refuse_if_ordered(action, error=Route53ClientError if self.service_name == "route53" else EC2ClientError)
        except ServiceException as refused:
            status, headers, body = self.serialized(ActionResult(refused))
        else:
            status, headers, body = call_action(self)
        if status == 400 and any(f"<Code>{code}</Code>" in str(body) for code in SERVER_ERRORS):
            status = 500
        return status, headers, body

    BaseResponse.call_action = counted
