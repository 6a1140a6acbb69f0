"""What a page of ours may load and do, and who may show it in a frame: the Content-Security-Policy."""

from collections.abc import Iterable


def content_policy(pictures: Iterable[str] = (), ancestors: Iterable[str] = ()) -> str:
    """`pictures`: other origins that pictures come from. `ancestors`: origins whose pages may frame this one."""
    sources = " ".join(["'self'", "data:", "blob:", *dict.fromkeys(pictures)])
    framed = " ".join(dict.fromkeys(ancestors)) or "'none'"
    return (
        # Leaflet sets styles through the CSSOM, which the policy allows. Trusted Types close the way by which markup in
        # a plan's name could become script (CVE-2025-69993: popups and tooltips of Leaflet 1 take HTML).
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {sources}; connect-src 'self'; "
        f"font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors {framed}; base-uri 'none'; "
        "form-action 'self'; require-trusted-types-for 'script'; trusted-types default"
    )
