"""The portal's menu: groups of pages, each with its word in the catalogue, its path, and who sees it."""

from dataclasses import dataclass

from bankfeeds.domain.operator import Role


@dataclass(frozen=True, slots=True)
class Item:
    """Its word is `nav_{name}`; `path` is below /portal, and is current for all that begins with it."""

    name: str
    path: str
    needs: Role = Role.viewer


GROUPS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "nav_group_operate",
        (
            Item("home", ""),
            Item("companies", "companies"),
            Item("pushes", "pushes"),
            Item("statement_files", "statement-files"),
            Item("feeds", "feeds"),
            Item("quarantine", "quarantine"),
        ),
    ),
    (
        "nav_group_set_up",
        (
            Item("integrations", "integrations"),
            Item("branding", "branding"),
            Item("operators", "operators", Role.administrator),
        ),
    ),
    (
        "nav_group_develop",
        (
            Item("first_run", "first-run"),
            Item("developers", "developers", Role.developer),
            Item("webhooks", "webhooks", Role.developer),
            Item("audit", "audit"),
        ),
    ),
)


def is_current(item: Item, path: str) -> bool:
    """`path` is what the address has below /portal, without slashes around it."""
    return path == item.path or (bool(item.path) and path.startswith(f"{item.path}/"))
