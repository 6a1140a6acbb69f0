"""What a feature says, in words for people: its title, its fields by their labels, codes by their meaning."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geoportal.catalogue import Layer


@dataclass(frozen=True, slots=True)
class Spoken:
    """`language` is de or en. Properties are those of GeoJSON; which of them are there is the request's choice."""

    layer: Layer
    language: str

    @property
    def collection(self) -> str:
        return str(getattr(self.layer.title, self.language))

    def title(self, feature: Mapping[str, Any]) -> str:
        """As the manifest's `headline` says, else the first field of its popup; the id where these say nothing."""
        told = {name: self.value(name, raw) for name, raw in feature["properties"].items() if raw is not None}
        if self.layer.headline:
            found = self.layer.headline.format_map(defaultdict(str, told)) if told else ""
        else:
            found = next((told[name] for name in self.layer.popup[:1] if name in told), "")
        return found.strip() or str(feature["id"])

    def label(self, name: str) -> str:
        field = self.layer.fields.get(name)
        return str(getattr(field.label, self.language)) if field else name

    def value(self, name: str, raw: Any) -> str:
        if raw is None:
            return ""
        if isinstance(raw, bool):
            return {"de": ("nein", "ja"), "en": ("no", "yes")}[self.language][raw]
        field = self.layer.fields.get(name)
        if field is not None and isinstance(raw, str | int) and (meaning := field.codes.get(raw)) is not None:
            return str(getattr(meaning, self.language))
        return f"{raw} {field.unit}" if field is not None and field.unit else str(raw)
