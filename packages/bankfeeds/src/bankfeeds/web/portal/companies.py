"""Companies: found, shown with their connections and accounts, unlinked and deleted; one-time passwords."""

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import companies as company_flows
from bankfeeds.flows import connections as connection_flows
from bankfeeds.flows import otp, search
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.confirming import ask
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.states import tone
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.web.portal.words import Words

_COMPANY = "companies/{company}"
_CONNECTION = f"{_COMPANY}/connections/{{connection}}"


def companies(desk: Desk, visit: Visit) -> Answer:
    q = " ".join(visit.first("q").split())
    page = whole_number(visit.first("page"), "page", 1)
    found = search.companies_like(desk.world, q, page)
    return desk.page(visit, "companies.html", visit.words["companies_title"], q=q, page=page, found=found, tone=tone)


def company(desk: Desk, visit: Visit) -> Answer:
    detail = search.company(desk.world, visit.path["company"])

    def name(account: SourceAccount) -> str:
        return name_of(visit.words, account)

    return desk.page(
        visit, "company.html", detail.company.name, company=detail.company, detail=detail, name_of=name, tone=tone
    )


def name_of(words: Words, account: SourceAccount) -> str:
    return account.name or words["account_nameless"].format(id=account.id)


def issue_otp(desk: Desk, visit: Visit) -> Answer:
    """Shown in the answer itself and never again: it stands in no address, and nothing keeps it."""
    company_id, connection_id = visit.path["company"], visit.path["connection"]
    found = company_flows.get(desk.world, company_id).company
    password, expires_at = otp.issue(desk.world, visit.actor, company_id, connection_id)
    return desk.page(
        visit,
        "otp.html",
        visit.words["otp_title"],
        company=found,
        connection_id=connection_id,
        password=password,
        expires_at=expires_at,
    )


def to_company(desk: Desk, visit: Visit) -> Answer:
    """A one-time password is not shown again."""
    return desk.go(visit, f"companies/{visit.path['company']}")


def ask_unlink(desk: Desk, visit: Visit) -> Answer:
    company_id, connection_id = visit.path["company"], visit.path["connection"]
    if search.connection_of(desk.world, company_id, connection_id).status is not ConnectionStatus.linked:
        raise Conflict("connection_not_linked", "only a linked connection can be unlinked")
    name = company_flows.get(desk.world, company_id).company.name
    return ask(desk, visit, "unlink", f"companies/{company_id}", company=name)


def unlink(desk: Desk, visit: Visit) -> Answer:
    connection_flows.unlink(desk.world, visit.actor, visit.path["company"], visit.path["connection"])
    return desk.go(visit, f"companies/{visit.path['company']}", "done_unlink")


def ask_delete(desk: Desk, visit: Visit) -> Answer:
    company_id = visit.path["company"]
    name = company_flows.get(desk.world, company_id).company.name
    return ask(desk, visit, "delete_company", f"companies/{company_id}", is_final=True, company=name)


def delete(desk: Desk, visit: Visit) -> Answer:
    """Only with the box ticked: there is no way back."""
    company_id = visit.path["company"]
    name = company_flows.get(desk.world, company_id).company.name
    if visit.fields.get("sure") != "yes":
        return ask(
            desk, visit, "delete_company", f"companies/{company_id}", is_final=True, is_missing=True, company=name
        )
    company_flows.delete(desk.world, visit.actor, company_id)
    return desk.go(visit, "companies", "done_delete_company", company=name)


PAGES = (
    PortalPage("companies", companies),
    PortalPage(_COMPANY, company),
    PortalPage(f"{_COMPANY}/delete", ask_delete, delete),
    PortalPage(f"{_CONNECTION}/otp", to_company, issue_otp),
    PortalPage(f"{_CONNECTION}/unlink", ask_unlink, unlink),
)
