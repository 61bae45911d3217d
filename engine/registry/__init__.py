"""Model artefacts on disk, by digest, and which of them serve.

    <data>/models/<name>/<digest>/{manifest.json, artefact, signature}
    <data>/models/<name>/verdicts/<version>-<alias>
    <data>/models/<name>/aliases.json
    <data>/model.key

The digest is that of the manifest, which states the artefact's size and digest; the signature
is made of name and digest with the house's own key. All of it is verified before anything is
parsed. Versions are never overwritten, and go only by `drop`, once no decision made with them can
replay. It must not fetch anything: artefacts get here by `publish`, or by `adopt` from where
somebody else published.
"""

from engine.models.routing import ALIASES, Alias
from engine.registry.door import Door
from engine.registry.manifest import LARGEST_ARTEFACT, LARGEST_MANIFEST, Manifest
from engine.registry.registry import Pointer, Registry

__all__ = [
    "ALIASES",
    "LARGEST_ARTEFACT",
    "LARGEST_MANIFEST",
    "Alias",
    "Door",
    "Manifest",
    "Pointer",
    "Registry",
]
