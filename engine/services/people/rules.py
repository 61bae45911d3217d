"""What counts as an identity here, and when too many customers have one for it to name any."""

from __future__ import annotations

from engine.domain import Pointer
from engine.errors import InvalidRequest, Problem
from engine.identity import shared
from engine.namespaces import normalise
from engine.services.ports import Serving

SHARED = (
    "too many customers share this identity, so it names none of them and merges nobody: name "
    "the customer by id, or by an identity of their own"
)


class Rules:
    """What counts as an identity here. `region`: of phone numbers without a country code, ISO
    3166; `limit`: how many customers may be named with one identity."""

    def __init__(self, serving: Serving, region: str | None, limit: int) -> None:
        self._serving = serving
        self._region = region
        self._limit = limit

    def normal(self, identity: str, pointer: str = "/identity") -> str:
        """The identity as it is stored. Raises InvalidRequest, which points at `pointer`."""
        try:
            return normalise(identity, self._serving.live.catalogue.identities, self._region)
        except ValueError as error:
            raise InvalidRequest([Problem(pointer, str(error))]) from None

    def shared(self, pointer: Pointer) -> bool:
        """Whether too many customers share the identity."""
        return shared(pointer, self._limit)
