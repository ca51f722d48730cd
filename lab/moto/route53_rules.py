"""Rules of Route 53 that moto does not keep: a batch of changes is applied whole or not at all, nobody sees half of it, and
its answer says PENDING until GetChange tells that all servers have it.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

import copy
import threading
from collections import Counter

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import ChangeList, Route53Backend
from moto.route53.responses import Route53

import orders

_lock = threading.RLock()
_changes: Counter[str] = Counter()

Key = tuple[str, str, str | None]


class InvalidChangeBatch(Route53ClientError):
    def __init__(self, reasons: list[str]):
        super().__init__("InvalidChangeBatch", f"[{', '.join(reasons)}]")


def plain(name: str) -> str:
    """The one spelling of a name: lower case, a dot at the end, the wildcard as a star."""
    return name.strip(".").lower().replace("\\052", "*") + "."


def values_of(records) -> list[str]:
    return sorted(record["Value"] if isinstance(record, dict) else str(record) for record in records or [])


def content(ttl, records, alias) -> tuple:
    return (None if ttl in (None, "") else int(ttl), values_of(records), repr(alias) if alias else None)


def refuse_conflicts(reasons: list[str], state: dict[Key, tuple], key: Key, zone: str) -> None:
    """A CNAME stands alone at its name."""
    name, kind, _ = key
    kinds = {other[1] for other in state if other[0] == name} | {kind}
    if "CNAME" in kinds and len(kinds) > 1:
        reasons.append(
            f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {zone}"
        )


def check(the_zone, changes: list[dict]) -> None:
    """Raises InvalidChangeBatch with every reason, where one change of the batch cannot be made after those before it."""
    state: dict[Key, tuple] = {
        (plain(each.name), each.type, each.set_identifier or None): content(each.ttl, each.records, each.alias_target)
        for each in the_zone.rrsets
    }
    reasons: list[str] = []
    for change in changes:
        wanted = change["ResourceRecordSet"]
        name, kind = plain(wanted["Name"]), wanted["Type"]
        key = (name, kind, wanted.get("SetIdentifier") or None)
        new = content(wanted.get("TTL"), wanted.get("ResourceRecords"), wanted.get("AliasTarget"))
        label = f"[name='{name}', type='{kind}']"
        if kind == "TXT" and any(not value.startswith('"') for value in new[1]):
            reasons.append("Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks)'")
        if len(set(new[1])) != len(new[1]):
            reasons.append(f"Duplicate Resource Record: {label}")
        if change["Action"] == "DELETE":
            if key not in state:
                reasons.append(f"Tried to delete resource record set {label} but it was not found")
            elif state[key] != new:
                reasons.append(f"Tried to delete resource record set {label} but the values provided do not match the current values")
            else:
                del state[key]
            continue
        if change["Action"] == "CREATE" and key in state:
            reasons.append(f"Tried to create resource record set {label} but it already exists")
        refuse_conflicts(reasons, state, key, plain(the_zone.name))
        state[key] = new
    if reasons:
        raise InvalidChangeBatch(reasons)


def all_or_none(apply_changes):
    def run(self: Route53Backend, zoneid: str, change_list: list[dict]) -> None:
        with _lock:
            the_zone = self.get_hosted_zone(zoneid)
            check(the_zone, change_list)
            records, journal = copy.copy(the_zone.rrsets), ChangeList(the_zone.rr_changes)
            for change in change_list:
                change["ResourceRecordSet"]["Name"] = plain(change["ResourceRecordSet"]["Name"])
            spell(the_zone, "\\052", "*")
            try:
                apply_changes(self, zoneid, change_list)
            except Exception:
                the_zone.rrsets, the_zone.rr_changes = records, journal
                raise
            finally:
                spell(the_zone, "*", "\\052")
            _changes[zoneid] += 1

    return run


def spell(the_zone, old: str, new: str) -> None:
    """Route 53 answers the wildcard of a name as an octal escape; moto finds records by the name that it keeps."""
    for record in the_zone.rrsets:
        record.name = record.name.replace(old, new)


def whole(read):
    def run(self: Route53Backend, *given, **named):
        with _lock:
            return read(self, *given, **named)

    return run


def changes_so_far() -> dict:
    """How many batches each zone has taken."""
    with _lock:
        return dict(_changes)


def pending(answer, is_pending):
    """The answer of a call with the status that AWS gives."""

    def run(self: Route53):
        given = answer(self)
        if is_pending():
            given.result["ChangeInfo"]["Status"] = "PENDING"
        return given

    return run


def apply() -> None:
    # What moto derives from its journal of changes, check() has decided from the records themselves.
    ChangeList.__contains__ = lambda self, item: False
    ChangeList.has_insert_or_update = lambda self, wanted: True
    Route53Backend.change_resource_record_sets = all_or_none(Route53Backend.change_resource_record_sets)
    Route53Backend.list_resource_record_sets = whole(Route53Backend.list_resource_record_sets)
    Route53.change_resource_record_sets = pending(Route53.change_resource_record_sets, lambda: True)
    Route53.get_change = pending(Route53.get_change, lambda: orders.is_ordered("pending", "GetChange"))
