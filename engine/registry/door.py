"""The door between the gate and what serves: a version is let in by the gate's recorded word.

    <data>/models/<name>/verdicts/<version>-<alias>

So a process without the gate's libraries may promote, and none past the gate. A verdict is signed
with the house's key, as versions are, and lets in once, while what it was given about stands: see
`engine.models.verdict.Judgement`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.errors import ModelRefused, NotLetIn, Problem
from engine.files import own_directory
from engine.models.routing import LEARNED, Alias, Aliases
from engine.models.verdict import Judgement
from engine.registry.manifest import LARGEST_MANIFEST, digest_of
from engine.registry.registry import Registry
from engine.registry.shelf import alone, put, read

_HEX = 64
_SEAL = 16  # hex digits of a verdict's signature, which tell it from every other
_REMEMBERED = 50  # verdicts that were used; a day's would do, and their files are gone anyway


class Door:
    """Of one house, whose models `registry` keeps."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def record(self, judgement: Judgement) -> None:
        """Keep the gate's word, in the place of any before it on that version as that alias; not
        while another is kept, or used and taken away."""
        written = msgspec.json.encode(judgement, order="deterministic")
        path = self._path(judgement.verdict.name, judgement.version, judgement.alias)
        own_directory(path.parent)
        with alone(path.parent.parent):
            put(path, self._signature(path, written) + written)

    def admit(
        self, name: str, version: str, alias: Alias, share: float | None, catalogue: str, now: int
    ) -> Judgement | None:
        """Have a version (a digest, or `learned`) serve under an alias, if the gate's word lets
        it, under this catalogue (its digest) and now (ms): that word. None where it does already.

        Raises NotLetIn with every reason why not, NotFound, StoreUnavailable.
        """
        self._check_loads(name, version)
        path = self._path(name, version, alias)
        words: list[Judgement] = []

        def let_in(table: Aliases) -> Aliases:
            changed = _promoted(table, version, alias, share)
            if changed == table:
                return table
            seal, word = self._word(path)
            if seal in table.spent:  # whoever let it in died before the file was gone
                raise NotLetIn(_problems([_UNJUDGED]))
            _refuse(word.objections(table.reigning, catalogue, now))
            words.append(word)
            return replace(changed, spent=(seal, *table.spent)[:_REMEMBERED])

        self._registry.change(name, let_in, lambda: path.unlink(missing_ok=True))
        return words[0] if words else None

    def _check_loads(self, name: str, version: str) -> None:
        digest = self._registry.resolve(name, version) if version == LEARNED else version
        try:
            self._registry.load(name, digest)
        except ModelRefused as error:
            _refuse([f"unfit: {error}"])

    def _word(self, path: Path) -> tuple[str, Judgement]:
        """What the gate's goes by, and itself, verified and then parsed. Raises NotLetIn where
        there is none of it."""
        try:
            kept = read(path, LARGEST_MANIFEST)
            if hmac.compare_digest(kept[:_HEX], self._signature(path, kept[_HEX:])):
                seal = kept[:_SEAL].decode()
                return seal, msgspec.json.decode(kept[_HEX:], type=Judgement)
        except (ModelRefused, msgspec.DecodeError, RecursionError):
            pass  # none, or another version of Teller's
        raise NotLetIn(_problems([_UNJUDGED]))

    def _path(self, name: str, version: str, alias: Alias) -> Path:
        word = f"{version.removeprefix('sha256:')}-{alias}"
        return self._registry.home(name) / "verdicts" / word

    def _signature(self, path: Path, written: bytes) -> bytes:
        """Of whom it is is signed along: it speaks for no other model, version or alias."""
        return self._registry.signed("/".join(path.parts[-3:]), digest_of(written))


_UNJUDGED = (
    "unjudged: there is no verdict of this house on it under that alias, or it has let in by that "
    "once before; teller promote … --judge-only makes one"
)


def _promoted(table: Aliases, version: str, alias: Alias, share: float | None) -> Aliases:
    try:
        return table.promoted(version, alias, share)
    except ModelRefused as error:
        raise NotLetIn(_problems([f"decides-already: {error}"])) from error


def _refuse(reasons: Iterable[str]) -> None:
    if problems := _problems(reasons):
        raise NotLetIn(problems)


def _problems(reasons: Iterable[str]) -> list[Problem]:
    return [Problem("/version", reason) for reason in reasons]
