"""Slugs: names in addresses."""

import re
import unicodedata

UNSLUGGABLE = re.compile(r"[^a-z0-9]+")

# Addresses of other pages, behind which nothing may hide. A test compares them to the routes.
RESERVED = {
    "product": frozenset({"dashboard", "import", "new", "preview", "stream"}),
    "webinar": frozenset({"new", "preview"}),
}


def slug_of(title: str, kind: str = "webinar") -> str:
    """The title in an address: "Über uns & mehr" becomes "uber-uns-mehr".

    What has no letters is called by its kind, and what is the address of another page gets a number.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = UNSLUGGABLE.sub("-", plain).strip("-")[:100].rstrip("-") or kind
    return f"{slug}-2" if slug in RESERVED.get(kind, ()) else slug
