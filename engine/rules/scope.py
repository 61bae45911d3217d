"""What a condition may name: the catalogue's schema and names, as the checker needs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from engine.domain import Value
from engine.rules.types import Node, Type


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact the schema declares. `default` stands in where the fact is missing; one that is
    `personal` says who somebody is, and no model looks at it unless told to."""

    type: Type
    enum: tuple[str, ...] | None = None
    default: Value | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition or expression.

    `reads` are what it depends on, such as ("customer", "plan"), ("context", "page"),
    ("segment", "at_risk"), ("table", "tier"), ("rule", "loyal"), ("history", "reject") and
    ("now", ""). Two conditions with the same `key` mean the same.
    """

    text: str
    tree: Node
    type: Type
    reads: frozenset[tuple[str, str]]
    key: str


@dataclass(frozen=True, eq=False)
class Scope:
    """Every name a condition of one catalogue may use.

    `tables` maps a decision table to the type of its result (a list for `collect`);
    `rules` are the `@rule` predicates. Conditions checked against a scope are kept in it,
    so that ten thousand actions sharing a condition check it once.
    """

    customer: Mapping[str, Attribute] = field(default_factory=dict)
    context: Mapping[str, Attribute] = field(default_factory=dict)
    segments: Collection[str] = ()
    tables: Mapping[str, Type] = field(default_factory=dict)
    rules: Collection[str] = ()
    actions: Collection[str] = ()
    groups: Collection[str] = ()
    channels: Collection[str] = ()
    checked: dict[tuple[str, Type | None], Condition] = field(
        default_factory=dict, init=False, repr=False
    )

    def attribute(self, namespace: str, name: str) -> Attribute:
        """The declaration of `customer.name` or `context.name`; KeyError if there is none."""
        return (self.customer if namespace == "customer" else self.context)[name]

    def enum(self, tree: Node) -> tuple[str, ...] | None:
        """The values that what `tree` reads may have, where the schema lists them."""
        if tree.op != "read" or not isinstance(tree.value, tuple):
            return None
        namespace, name = map(str, tree.value)
        if namespace not in ("customer", "context"):
            return None
        return self.attribute(namespace, name).enum
