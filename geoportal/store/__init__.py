"""Every statement that writes plans. The caller opens the transaction: it is one thing that the user would name."""

from geoportal.store.codes import official_grenzen, save_codes
from geoportal.store.deliveries import delivered_name, is_delivered, save_delivery
from geoportal.store.identity import claim_plan, merge_plans, similar_plans
from geoportal.store.versions import (
    end_publication,
    latest_version,
    public_plans,
    publish_version,
    restore_version,
    save_version,
)

__all__ = [
    "claim_plan", "delivered_name", "end_publication", "is_delivered", "latest_version", "merge_plans",
    "official_grenzen", "public_plans", "publish_version", "restore_version", "save_codes", "save_delivery",
    "save_version", "similar_plans",
]  # fmt: skip
