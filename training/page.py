"""The frame of every report's page; nothing in it is fetched."""

from __future__ import annotations

from jinja2 import Environment, Template

_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem }
p, ul { max-width: 60rem }
h1, h2, p, li { overflow-wrap: anywhere }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto }
td, th { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #dde2e8; text-align: left;
  font-size: .875rem; font-variant-numeric: tabular-nums }
td:not([colspan]), th { white-space: nowrap }
td.figure, th.figure { text-align: right }
@media (max-width: 40rem) { td:first-child { white-space: normal } }
figure { margin: 0; overflow-x: auto; max-width: 100% } svg { height: auto }
"""
_MIDDLE = """\
</style></head><body>
<h1>{{ title }}</h1>
"""
_END = """\
</body></html>
"""
_ENVIRONMENT = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


def framed(body: str, style: str = "") -> Template:
    """The template of a page: its `title`, then `body`, under the style of all and its own."""
    return _ENVIRONMENT.from_string(f"{_HEAD}{style}{_MIDDLE}{body}{_END}")
