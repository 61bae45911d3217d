"""A catalogue's version: what changes its digest, and compiling a kept one again."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.catalogue import compile_catalogue, compile_version, versions
from engine.errors import CatalogueRefused

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")


def digest(text: str = EXAMPLE, name: str = "c.yaml", source: bytes = b"") -> str:
    return compile_catalogue({name: text.encode()}, {}, source).digest


def test_comments_quotes_and_the_order_of_keys_leave_the_digest_alone() -> None:
    same = EXAMPLE.replace("# facts about a customer", "# what we know")
    same = same.replace("{type: string, personal: true}", '{personal: True, type: "string"}')
    assert same != EXAMPLE
    assert digest(same) == digest()


def test_content_names_of_files_and_rules_in_python_change_the_digest() -> None:
    changed = [
        digest(EXAMPLE.replace("cap: 2", "cap: 3")),
        digest(EXAMPLE.replace("Tell", "tell").replace("Order", "order")),
        digest(name="d.yaml"),
        digest(source=b"def loyal(facts): ..."),
    ]
    assert len({digest(), *changed}) == 5


def test_a_kept_version_compiles_to_the_same_digest() -> None:
    one = compile_catalogue({"c.yaml": EXAMPLE.encode()}, {}, b"# rules")
    kept = versions.encode(one.digest, one.files, one.predicate_source)
    again = compile_version(kept, one.digest, {}, b"# rules")
    assert (again.digest, again.actions, again.files) == (one.digest, one.actions, one.files)


def test_a_kept_version_is_not_compiled_with_other_rules_than_its_own() -> None:
    rules = {"loyal": lambda _: True}
    text = EXAMPLE.replace("[customer.plan != 'fibre']", "[rule.loyal]")
    assert text != EXAMPLE
    one = compile_catalogue({"c.yaml": text.encode()}, rules, b"# then")
    kept = versions.encode(one.digest, one.files, one.predicate_source)
    assert compile_version(kept, one.digest, rules, b"# then").digest == one.digest
    for source in (b"# now", b""):
        with pytest.raises(CatalogueRefused, match="TELLER_RULES"):
            compile_version(kept, one.digest, {"loyal": lambda _: False}, source)


def test_a_kept_version_that_uses_no_rule_compiles_whatever_became_of_the_rules() -> None:
    one = compile_catalogue({"c.yaml": EXAMPLE.encode()}, {}, b"# then")
    kept = versions.encode(one.digest, one.files, one.predicate_source)
    assert compile_version(kept, one.digest, {}, b"# now").digest == one.digest


def test_a_kept_version_that_was_tampered_with_is_refused() -> None:
    one = compile_catalogue({"c.yaml": EXAMPLE.encode()})
    kept = versions.encode(one.digest, one.files, b"")
    other = versions.encode(
        one.digest, {"c.yaml": EXAMPLE.replace("cap: 2", "cap: 9").encode()}, b""
    )
    for data, expected in ((other, one.digest), (kept, "sha256:0"), (kept[:-9], one.digest)):
        with pytest.raises(CatalogueRefused, match="the kept version"):
            compile_version(data, expected)
