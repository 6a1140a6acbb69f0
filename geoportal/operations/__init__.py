"""The verbs of the house. Web, command line and jobs call these and nothing below them."""

from geoportal.operations.background import MAX_ATTEMPTS, cancel, latest_uploads, process, receive
from geoportal.operations.delivering import deliver, endings
from geoportal.operations.outcomes import Delivery, EndingsChanged, NotFound, NotMergeable, Outcome
from geoportal.operations.plans import merge, restore, withdraw
from geoportal.operations.thematic import check_layer, list_layers, remove_layer, sync_layers
from geoportal.operations.trying import examine, export, export_public, inspect, preview
from geoportal.operations.upkeep import check, forget, prepare, sweep

__all__ = [
    "MAX_ATTEMPTS", "Delivery", "EndingsChanged", "NotFound", "NotMergeable", "Outcome",
    "cancel", "check", "check_layer", "deliver", "endings", "examine", "export", "export_public", "forget", "inspect",
    "latest_uploads",
    "list_layers", "merge", "prepare", "preview", "process", "receive", "remove_layer", "restore", "sweep",
    "sync_layers", "withdraw",
]  # fmt: skip
