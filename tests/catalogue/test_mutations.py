"""Whatever is done to a catalogue, it compiles or is refused; nothing else ever happens."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import compile_catalogue
from engine.catalogue.csv_source import read_csv
from engine.catalogue.source import NotReadable
from engine.catalogue.yaml_source import read_yaml
from engine.errors import CatalogueRefused

LINES = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8").splitlines()
WORDS = st.sampled_from(
    ["[", "]", "{", "}", ":", "- ", "null", "7", "-1", "1e999", "*x", "&x", "!!int ", "'", '"', "|",
     "no", "{{", "}}", "{% for", "&&", "customer.", "segment.at_risk", "id: ", ", ", "? ", "true",
     "999999999999999999999", "2026-01-01T00:00:00Z", "9999999d", "\n", "\t", "é", "𝄞", "#", "[]"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The example with a few lines dropped, doubled, swapped or spoilt in the middle."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "indent", "swap", "spoil", "cut"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "indent":
                lines[at] = "  " + lines[at]
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "spoil":
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + draw(WORDS) + lines[at][column:]
            case _:
                left, right = sorted(draw(st.tuples(*[st.integers(0, len(lines[at]))] * 2)))
                lines[at] = lines[at][:left] + lines[at][right:]
    return "\n".join(lines)


@settings(max_examples=400)
@given(mutated())
def test_a_spoilt_catalogue_compiles_or_is_refused_with_places(text: str) -> None:
    try:
        compile_catalogue({"c.yaml": text.encode()})
    except CatalogueRefused as refused:
        count = text.count("\n") + 2
        assert refused.faults
        assert all(fault.what and 1 <= fault.line <= count for fault in refused.faults)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=60), st.lists(WORDS, max_size=12).map(lambda x: "".join(x).encode())
    )
)
def test_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_yaml, read_csv):
        try:
            read("f", data)
        except NotReadable as refused:
            assert refused.fault.line >= 1


keys = st.sampled_from(
    ["schema", "attributes", "actions", "id", "kind", "treatments", "content", "rows", "tables",
     "inputs", "output", "contact", "applies", "quiet", "strategy", "weights", "tests", "request",
     "placement", "placements", "segments", "groups", "positive", "exploration", "reason"]
)  # fmt: skip
trees = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.dictionaries(keys, trees, max_size=4))
def test_any_tree_of_the_right_words_compiles_or_is_refused(tree: dict[str, object]) -> None:
    try:
        compile_catalogue({"c.yaml": json.dumps(tree).encode()})
    except CatalogueRefused as refused:
        assert refused.faults
