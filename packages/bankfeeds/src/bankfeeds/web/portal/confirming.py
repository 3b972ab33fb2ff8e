"""The page before something that is hard to undo: what it does, what stays, and the way back."""

from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import Visit


def ask(
    desk: Desk, visit: Visit, name: str, back: str, *, is_final: bool = False, is_missing: bool = False, **values: str
) -> Answer:
    """`name` begins the catalogue's keys, which `values` fill; `back` is below /portal. What is final wants a box to be
    ticked; `is_missing`: it was not.
    """
    words = visit.words
    return desk.page(
        visit,
        "confirm.html",
        words[f"{name}_title"].format(**values),
        422 if is_missing else 200,
        lead=words[f"{name}_lead"].format(**values),
        more=words[f"{name}_more"],
        tick=words[f"{name}_confirm"].format(**values) if is_final else "",
        problem=words["confirm_missing"] if is_missing else "",
        submit=words[f"{name}_submit"],
        back=f"{desk.root}/{back}",
    )
