"""Contents of treatments, read: their templates, and what must be known to fill them in."""

from __future__ import annotations

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located, nearest
from engine.catalogue.shape import ActionSpec
from engine.catalogue.source import Path
from engine.catalogue.templates import Text, Texts, is_template, needed
from engine.catalogue.treatments import Content, texts
from engine.rules.scope import Scope


class Contents:
    """Reads the contents of one catalogue; a name that nothing declares is a fault."""

    def __init__(self, conditions: Conditions, faults: Faults) -> None:
        self._conditions = conditions
        self._faults = faults
        self._texts = Texts()

    def read(
        self, located: Located[ActionSpec], path: Path, content: Content
    ) -> tuple[dict[str, Text], list[int]]:
        """The templates in the content at `path`, by their source, and the numbers of the
        conditions that must be true for it to be rendered. Whatever is wrong is a fault."""
        filled: dict[str, Text] = {}
        for below, text in texts(content):
            if is_template(text):
                read = self._text(located, path + below, text)
                if read is not None:
                    filled[text] = read
        needs = [
            self._conditions.condition(located, path, _known(self._conditions.scope, *name))
            for name in needed(filled.values())
            if self._may_be_missing(*name)
        ]
        return filled, [need for need in needs if need is not None]

    def _text(self, located: Located[ActionSpec], path: Path, source: str) -> Text | None:
        read = self._texts.read(source)
        if isinstance(read, list):
            for fault in read:
                hint = nearest(fault.name, fault.known) if fault.name else ""
                self._faults.add(located, path, f"template: {fault.what}", hint)
            return None
        good = True
        for use in read.uses:
            good &= self._use(located, path, use.root, use.name)
        return read if good else None

    def _use(self, located: Located[ActionSpec], path: Path, root: str, name: str) -> bool:
        names = _declared(self._conditions.scope, root)
        if name in names:
            self._conditions.reads.add((root, name))
            return True
        if not name:
            self._faults.add(
                located, path, f"template: `{root}` needs a name behind it", f"write {root}.name"
            )
        elif not self._conditions.is_broken(name):
            what = {"customer": "attribute", "context": "context attribute"}.get(root, root)
            self._faults.add(
                located, path, f"template: unknown {what} `{root}.{name}`", nearest(name, names)
            )
        return False

    def _may_be_missing(self, root: str, name: str) -> bool:
        if root in {"segment", "table"}:
            return True
        return self._conditions.scope.attribute(root, name).default is None


def _known(scope: Scope, root: str, name: str) -> str:
    """A condition that is true exactly when `root.name` is known."""
    if root == "segment":
        return f"segment.{name} || !segment.{name}"
    if root == "table":
        is_list = scope.tables[name].name == "list"
        return f"size(table.{name}) >= 0" if is_list else f"table.{name} == table.{name}"
    return f"has({root}.{name})"


def _declared(scope: Scope, root: str) -> frozenset[str]:
    names = {
        "customer": scope.customer,
        "context": scope.context,
        "segment": scope.segments,
        "table": scope.tables,
    }
    return frozenset(names[root])
