"""What we are made of, from the lock files alone.

supply_chain.py audit        fails when a locked package has a known weakness (docs/security/advisories.yml)
supply_chain.py sbom FILE    writes all packages as CycloneDX 1.6
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
ADVISORIES = ROOT / "docs/security/advisories.yml"
OLD_AFTER = 30  # days


class Package(NamedTuple):
    """`ecosystem` as package URLs call it: pypi or npm."""

    ecosystem: str
    name: str
    version: str

    @property
    def purl(self) -> str:
        return f"pkg:{self.ecosystem}/{self.name.replace('@', '%40')}@{self.version}"


def locked(root: Path = ROOT) -> list[Package]:
    return [*_python(root / "requirements.lock"), *_npm(root / "package-lock.json")]


def _python(lock: Path) -> Iterator[Package]:
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", lock.read_text("utf-8"), re.M):
        yield Package("pypi", name.lower(), version)


def _npm(lock: Path) -> Iterator[Package]:
    for place, package in json.loads(lock.read_text("utf-8"))["packages"].items():
        if place:
            yield Package("npm", place.rpartition("node_modules/")[2], package["version"])


def weaknesses(packages: list[Package], advisories: list[dict[str, Any]]) -> list[str]:
    """A sentence for each locked package with a weakness that nobody has accepted."""
    found = []
    for advisory in advisories:
        for package in packages:
            if advisory["package"] != f"{package.ecosystem}/{package.name}" or advisory.get("accepted"):
                continue
            if "below" not in advisory or Version(package.version) < Version(advisory["below"]):
                mend = f"mindestens {advisory['below']} nehmen" if "below" in advisory else "keine Fassung ohne sie"
                found.append(f"{advisory['id']}: {package.name} {package.version}: {advisory['what']} ({mend})")
    return found


def sbom(packages: list[Package]) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "application", "name": project["name"], "version": project["version"]},
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.purl,
                "name": package.name,
                "version": package.version,
                "purl": package.purl,
                **_licence(package),
            }
            for package in packages
        ],
    }


def _licence(package: Package) -> dict[str, Any]:
    """As the installed package says it; nothing is said about one that is not installed."""
    if package.ecosystem == "npm":
        manifest = ROOT / "node_modules" / package.name / "package.json"
        told = json.loads(manifest.read_text("utf-8")).get("license") if manifest.exists() else None
    else:
        try:
            about = metadata(package.name)
        except PackageNotFoundError:
            return {}
        told = about.get("License-Expression") or about.get("License")
    if not isinstance(told, str) or "\n" in told or len(told) > 100:
        return {}
    return {"licenses": [{"license": {"name": told}}]}


def main(arguments: list[str]) -> int:
    match arguments:
        case ["audit"]:
            known = yaml.safe_load(ADVISORIES.read_text("utf-8"))
            found = weaknesses(locked(), known["advisories"])
            for sentence in found:
                print(sentence, file=sys.stderr)
            if (age := (datetime.now(UTC).date() - date.fromisoformat(str(known["looked"]))).days) > OLD_AFTER:
                print(f"{ADVISORIES.name}: seit {age} Tagen nicht durchgesehen; make audit", file=sys.stderr)
            return bool(found)
        case ["sbom", file]:
            Path(file).write_text(json.dumps(sbom(locked()), indent=1, ensure_ascii=False) + "\n", "utf-8")
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
