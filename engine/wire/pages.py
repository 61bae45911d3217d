"""The documentation as HTML: the project's own pages and the reference made of the OpenAPI
document. Self-contained: no script, no font, nothing from elsewhere.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_HEADING = re.compile(r"<h([1-6])>(.*?)</h")
_ERROR_ROW = re.compile(r"<tr>(\s*<td>[0-9]{3}</td>\s*<td>)<code>([a-z-]+)</code>")
_INLINE = re.compile(r"(?<!<pre><code>)(?<=<code>)[^<]*")
_MARK = re.compile(r"(?<=[\w}])[/_,](?=[\w{])")
_PICTURE = re.compile(r'(?<=<img src=")pictures/([a-z0-9-]+\.svg)')
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b19; --paper: #fdfcfa; --rule: #ddd8cf;
  --code: #f3f0ea; --link: #7a3b12; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e6e0; --paper: #191816;
  --rule: #3a3733; --code: #24221f; --link: #e8a878; } }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1.25rem 6rem; background: var(--paper);
  color: var(--ink); font: 1.0625rem/1.6 Charter, "Bitstream Charter", Cambria, Georgia, serif; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding-bottom: 1rem;
  border-bottom: 1px solid var(--rule); font-size: .95rem; }
nav b { margin-right: auto; letter-spacing: .02em; }
a { color: var(--link); text-underline-offset: .15em; }
h1 { font-size: 2rem; line-height: 1.2; margin: 2.5rem 0 1rem; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
pre, code { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  background: var(--code); border-radius: 3px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .9rem 1rem; overflow-x: auto; }
pre code { padding: 0; font-size: 1em; background: none; }
td:not(:last-child) code { overflow-wrap: normal; }
@media (min-width: 48rem) { td:not(:last-child) code { white-space: nowrap; }
  td:not(:last-child) wbr { display: none; }
  pre { box-sizing: border-box; width: fit-content; min-width: 100%;
    max-width: min(60rem, 50vw + 20rem); } }
table { border-collapse: collapse; width: 100%; font-size: .93rem; display: block;
  overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--rule); }
img { max-width: 100%; background: #fff; }
.calls { columns: 20rem; padding: 0; list-style: none; font-size: .93rem; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--rule); }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} · Teller</title><style>{{ style }}</style></head>
<body><nav><b><a href="/docs">Teller</a></b>
<a href="/docs/api">HTTP interface</a><a href="/docs/reference">Reference</a></nav>
<main>{{ content }}</main></body></html>
"""
_REFERENCE = """<h1>Reference</h1>
<p>{{ info.description }} The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
<ul class="calls">{% for path, methods in paths.items() %}{% for method, call in methods.items() %}
<li><a href="#{{ call.operationId }}">{{ method | upper }} {{ path }}</a></li>
{% endfor %}{% endfor %}</ul>
{%- macro shape(schema) -%}
{%- if schema['$ref'] %}{% set name = schema['$ref'].split('/')[-1] -%}
<a href="#{{ name }}">{{ name }}</a>
{%- elif schema.type == 'array' %}list of {{ shape(schema['items']) }}
{%- elif schema.anyOf %}{% for one in schema.anyOf -%}
{{ shape(one) }}{{ '' if loop.last else ' or ' }}{% endfor %}
{%- elif schema.enum %}{{ schema.enum | join(' | ') }}
{%- elif schema.type is string %}{{ schema.type }}
{%- elif schema.type %}{{ schema.type | join(' or ') }}
{%- else %}any{% endif -%}
{%- endmacro %}
{% for path, methods in paths.items() %}{% for method, call in methods.items() %}
<h2 id="{{ call.operationId }}"><code>{{ method | upper }} {{ path }}</code></h2>
<p>{{ call.summary }}.</p><table>
{% for one in call.parameters if one.in != 'path' %}<tr><th>{{ one.in }}</th>
<td><code>{{ one.name }}</code>{% if one.required %}, required{% endif %}</td></tr>{% endfor %}
{% if call.requestBody %}<tr><th>takes</th><td>
{{ shape(call.requestBody.content['application/json'].schema) }}</td></tr>{% endif %}
{% for code, answer in call.responses | dictsort %}<tr><th>{{ code }}</th>
<td>{{ answer.description | said }}
{% for kind, body in answer.content.items() %}{% if body.schema %} {{ shape(body.schema) }}
{% else %} <code>{{ kind }}</code>{% endif %}{% endfor %}</td></tr>{% endfor %}
</table>{% endfor %}{% endfor %}
<h1>Shapes</h1>
{% for name, schema in components.schemas.items() %}<h2 id="{{ name }}">{{ name }}</h2>
{% if schema.description %}<p>{{ schema.description | said }}</p>{% endif %}
<table>{% for field, about in schema.properties.items() %}<tr><th><code>{{ field }}</code></th>
<td>{{ shape(about) }}{% if field in (schema.required or ()) %}, required{% endif %}</td>
<td>{{ (about.description or '') | said }}</td></tr>{% endfor %}</table>{% endfor %}
"""


class Page(NamedTuple):
    """A page as read from disk."""

    heading: str
    html: str


class Pages:
    """All pages, rendered once. `directory` holds the Markdown; one that is missing has none."""

    def __init__(self, directory: Path, openapi: Mapping[str, Any]) -> None:
        self._environment = Environment(autoescape=True)
        self._environment.filters["said"] = _said
        pictures = {path.name: _inline(path) for path in directory.glob("pictures/*.svg")}
        self._pages = {
            path.stem: _read(path, pictures)
            for path in sorted(directory.glob("*.md"))
            if _NAME.fullmatch(path.stem)
        }
        self._reference = self._page("Reference", self._fill(_REFERENCE, **openapi))

    @property
    def names(self) -> list[str]:
        """Every page there is."""
        return [*self._pages, "reference"]

    def index(self) -> str:
        """Where each reader finds theirs; the reference where no pages are installed."""
        return self.page("index") or self._reference

    def page(self, name: str) -> str | None:
        """A page by its name; None when there is none."""
        if name == "reference":
            return self._reference
        page = self._pages.get(name)
        return self._page(page.heading, page.html) if page else None

    def _page(self, title: str, content: str) -> str:
        # Safe: our own pages with HTML disabled, or a template that escaped what it was given.
        return self._fill(_PAGE, title=title, style=Markup(_STYLE), content=Markup(content))  # noqa: S704

    def _fill(self, template: str, **names: Any) -> str:
        return self._environment.from_string(template).render(**names)


def _said(sentence: str) -> Markup:
    """A sentence of the OpenAPI document, its code as code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704


def _inline(picture: Path) -> str:
    """A picture as what an `src` may say, so that its page asks for no second file."""
    return f"data:image/svg+xml;base64,{b64encode(picture.read_bytes()).decode()}"


def _read(path: Path, pictures: Mapping[str, str]) -> Page:
    text = path.read_text(encoding="utf-8")
    first = next((line for line in text.splitlines() if line.startswith("# ")), path.stem)
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    html = _PICTURE.sub(lambda at: pictures.get(at[1], at[0]), markdown.render(_web_links(text)))
    return Page(first.removeprefix("# "), _breakable(_anchored(html)))


def _breakable(html: str) -> str:
    """Code within a sentence may go on in the next line behind a mark, where a screen is narrow."""
    return re.sub(_INLINE, lambda code: re.sub(_MARK, r"\g<0><wbr>", code[0]), html)


def _web_links(text: str) -> str:
    """Links between the files become links between the pages; one to a file that is no page
    becomes its text, since it leads nowhere here."""
    linked = re.sub(r"\]\(([a-z0-9_-]+)\.md(#[^)]*)?\)", r"](/docs/\1\2)", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|/|#)[^)]*\)", r"\1", linked)


def _anchored(html: str) -> str:
    """Headings, and the table rows of error codes, as what a link with a `#` leads to."""
    rows = re.sub(_ERROR_ROW, r'<tr id="\2">\1<code>\2</code>', html)
    return re.sub(
        _HEADING, lambda found: f'<h{found[1]} id="{_slug(found[2])}">{found[2]}</h', rows
    )


def _slug(heading: str) -> str:
    """As GitHub makes it of a heading, so that the same link works in both places."""
    words = re.sub(r"<[^>]*>|&[a-z]+;|[^\w\s<>&;-]", "", heading).strip().lower()
    return words.replace(" ", "-")
