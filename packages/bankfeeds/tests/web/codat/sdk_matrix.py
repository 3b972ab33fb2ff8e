"""The contract's table of operations (section 10), row by row: what Codat's clients are answered for Sage, 0 a success."""

from collections.abc import Iterable, Mapping


def _all(status: int, resource: str, *methods: str) -> dict[str, int]:
    return {f"{resource}.{method}": status for method in methods}


ROWS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "companies CRUD, list, token": (
        "Y",
        _all(0, "companies", "create", "get", "list", "update", "replace", "delete", "get_access_token"),
    ),
    "connections create/list/get/unlink/delete": (
        "Y",
        _all(0, "connections", "create", "list", "get", "unlink", "delete"),
    ),
    "use of `linkUrl`": ("- (returned, never shown)", {}),
    "source accounts create, batch, list, update, delete": (
        "Y",
        _all(0, "source_accounts", "create", "create_batch", "list", "update", "delete"),
    ),
    "`generate-otp`": ("Y (only Sage)", _all(0, "source_accounts", "generate_otp")),
    "`PUT authorization` with `authorizationId`/`bankId`": (
        "Y (Sage form)",
        _all(0, "connections", "update_authorization"),
    ),
    "credentials generate/delete": (
        "- R 404",
        _all(404, "source_accounts", "generate_credentials", "delete_credentials"),
    ),
    "mapping list/create": (
        "- R 200 without options / 400",
        {"account_mapping.get": 0, "account_mapping.create": 400},
    ),
    "company information": ("- R 400", _all(400, "company_information", "get")),
    "bank accounts data/options/push": ("- R 404", _all(404, "bank_accounts", "list", "get_create_model", "create")),
    "managed bank feeds syncs": (
        "- R 204 / 404",
        {"managed_bank_feeds.get_latest_sync": 0, **_all(404, "managed_bank_feeds", "get_sync", "run_ad_hoc_sync")},
    ),
    "transactions model / create / operations": (
        "Y",
        {
            **_all(0, "transactions", "get_create_model", "create", "get_create_operation", "list_create_operations"),
            **_all(0, "push_data", "get_model_options", "get_operation", "list_operations"),
        },
    ),
    "integrations, branding, webhooks, apiKeys, profile": (
        "Y",
        {
            **_all(0, "integrations", "list", "get", "get_branding"),
            **_all(0, "webhooks", "create_consumer", "list_consumers", "delete_consumer"),
            **_all(0, "settings", "create_api_key", "list_api_keys", "delete_api_key", "get_profile", "update_profile"),
        },
    ),
    "refresh/data/syncSettings/supplemental/custom types": (
        "- R 404",
        {
            **_all(404, "refresh_data", "all", "by_data_type", "get", "get_pull_operation", "list_pull_operations"),
            **_all(404, "read_data", "get_validation_results"),
            **_all(404, "companies", "refresh_product_data", "get_company_sync_settings", "set_company_sync_settings"),
            **_all(404, "settings", "get_sync_settings", "update_sync_settings"),
            **_all(404, "supplemental_data", "configure", "get_configuration"),
            **_all(404, "custom_data_type", "configure", "get_configuration", "list", "refresh"),
        },
    ),
}
"""The contract's row: its mark for Sage, and the operations of it that the clients have."""
BESIDE: Mapping[str, int] = {
    **_all(0, "companies", "add_product", "remove_product"),
    **_all(0, "cors", "get", "set"),
    **_all(0, "settings", "get", "set"),
    **_all(404, "connection_management", "get"),
}
"""Those that the clients have and no row of it names."""


def _merged(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return {name: status for part in parts for name, status in part.items()}


ANSWERS: Mapping[str, int] = _merged([*(operations for _, operations in ROWS.values()), BESIDE])
