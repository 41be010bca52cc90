"""The content security policy under which the site's pages work: nothing from elsewhere, and no script that they do not have now.

It is a file `_headers` at the site's root, which several hosts of static sites send as headers; any other server can be given the
same line.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

HEADERS = "_headers"
_INLINE = re.compile(r"<script(?![^>]*\b(?:src|type)=)[^>]*>(.*?)</script>", re.DOTALL)


def write(site: Path) -> None:
    """Writes the policy of the pages under `site`, which allows each script inside them by its digest."""
    scripts = {script for path in site.rglob("*.html") for script in _INLINE.findall(path.read_text("utf-8"))}
    digests = " ".join(sorted(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts))
    rules = (
        "default-src 'none'",
        f"script-src 'self' 'wasm-unsafe-eval' {digests}",  # the twin writes its own WebAssembly, which is not text and no eval
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # rendered formulas place their parts with them
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    (site / HEADERS).write_text(f"/*\n  Content-Security-Policy: {'; '.join(rules)}\n", "utf-8")
