"""The verbs of thematic layers."""

import shutil
from collections.abc import Collection

from sqlalchemy import Engine

from geoportal import layers
from geoportal.catalogue import Layer, Reason, Shelf, read_layer
from geoportal.layers import LayerState, Places, Synced
from geoportal.operations.outcomes import NotFound
from geoportal.settings import Settings


def sync_layers(
    engine: Engine, settings: Settings, names: Collection[str] = (), *, again: bool = False
) -> list[Synced]:
    """Thematic layers (all, or these) in step with their sources; one that fails keeps its old rows and says why."""
    shelf = Shelf(settings.home / "layers")
    shelf.look()
    if unknown := sorted(set(names) - shelf.layers.keys() - shelf.faults.keys()):
        raise NotFound(", ".join(unknown))
    results = []
    for name in sorted(shelf.layers.keys() | shelf.faults.keys()):
        if names and name not in names:
            continue
        if (fault := shelf.faults.get(name)) is not None:
            with engine.begin() as connection:
                layers.tell_fault(connection, name, Reason.MANIFEST, str(fault))
            results.append(Synced(name, None, fault=str(fault)))
        elif (layer := shelf.layers[name]).source.view is None:
            results.append(layers.sync(engine, layer, Places.of(settings), again=again))
    return results


def check_layer(settings: Settings, layer: Layer) -> Synced:
    """What a sync of the layer would read and say; nothing is kept of it."""
    return layers.check(layer, Places.of(settings))


def list_layers(engine: Engine, settings: Settings) -> list[tuple[str | None, LayerState]]:
    """Every thematic layer with its German title, None where its folder is gone."""
    shelf = Shelf(settings.home / "layers")
    shelf.look()
    with engine.connect() as connection:
        known = {state.layer: state for state in layers.states(connection)}
    titles = {name: layer.title.de for name, layer in shelf.layers.items() if layer.source.view is None}
    titles |= {name: name for name in shelf.faults}
    return [
        (titles.get(name), known.get(name) or LayerState.unknown(name)) for name in sorted(titles.keys() | known.keys())
    ]


def remove_layer(engine: Engine, settings: Settings, name: str) -> None:
    """The layer's folder first, so that nobody makes its table again. Raises NotFound."""
    folder = settings.home / "layers" / name
    with engine.begin() as connection:
        is_known = any(state.layer == name for state in layers.states(connection))
        if not is_known and not folder.is_dir():
            raise NotFound(name)
        if folder.is_dir():
            if read_layer(folder).source.view is not None:
                raise NotFound(f"{name}: gehört zum Portal / belongs to the portal")
            shutil.rmtree(folder)
        layers.remove(connection, name)
