"""Where the playground bank answers, all of it below one path."""

from starlette.routing import Route

from sage_sandbox.playground import connector, counter, desk, pages
from sage_sandbox.playground.bank import PATH


def routes() -> list[Route]:
    return [
        Route(f"{PATH}/{{region}}/notification", connector.post_notification, methods=["POST"]),
        Route(f"{PATH}/{{region}}/auth", connector.get_auth),
        Route(f"{PATH}/{{region}}/authrefresh", connector.get_auth_refresh),
        Route(f"{PATH}/{{region}}/availableaccounts", connector.get_available_accounts),
        Route(f"{PATH}/login/{{handle}}", pages.get_login),
        Route(f"{PATH}/login/{{handle}}", pages.post_login, methods=["POST"]),
        Route(f"{PATH}/consent/{{handle}}", pages.post_consent, methods=["POST"]),
        Route(f"{PATH}/bank.css", pages.get_style),
        Route(PATH, counter.get_counter),
        Route(PATH, counter.post_counter, methods=["POST"]),
        Route(f"{PATH}/accounts", desk.get_accounts),
        Route(f"{PATH}/accounts", desk.post_account, methods=["POST"]),
        Route(f"{PATH}/accounts/{{external_id}}/lines", desk.post_lines, methods=["POST"]),
        Route(f"{PATH}/accounts/{{external_id}}/reauthorisation", desk.post_reauthorisation, methods=["POST"]),
        Route(f"{PATH}/authorisations", desk.get_authorisations),
        Route(f"{PATH}/authorisations/{{authorisation_id}}", desk.post_authorisation, methods=["POST"]),
        Route(f"{PATH}/banks", desk.get_banks),
        Route(f"{PATH}/banks", desk.post_bank, methods=["POST"]),
        Route(f"{PATH}/banks/{{bank_id}}", desk.put_bank, methods=["PUT"]),
        Route(f"{PATH}/banks/{{bank_id}}", desk.delete_bank, methods=["DELETE"]),
    ]
