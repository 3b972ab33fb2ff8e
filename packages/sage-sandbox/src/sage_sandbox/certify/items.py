"""All items in the order in which they are tried: what ends a bank account comes last."""

from sage_sandbox.certify import delivering, linking, onboarding, security
from sage_sandbox.certify.plan import Plan

_LAST = ("T16", "T17", "T18", "S5", "T19", "E11", "E12", "E13", "T20", "E7", "S6", "E21")
_AFTER_LINKING = ("E9",)


def whole_plan() -> Plan:
    """The plan, sorted by what needs what."""
    plan = Plan()
    early = onboarding.plan.items + [i for i in delivering.plan.items if i.id not in (*_LAST, *_AFTER_LINKING)]
    linked = [i for i in linking.plan.items if i.id not in _LAST]
    later = [i for i in delivering.plan.items if i.id in _AFTER_LINKING]
    every = early + linked + later + security.plan.items + linking.plan.items + delivering.plan.items
    known = {item.id: item for item in every}
    plan.items = [item for item in known.values() if item.id not in _LAST] + [known[id_] for id_ in _LAST]
    return plan
