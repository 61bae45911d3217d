"""A small catalogue: an offer with a cap and a rest, a service, three placements."""

from __future__ import annotations

from pathlib import Path

CATALOGUE = """
schema:
  attributes:
    first_name: {type: string, personal: true}
    plan: {type: string, enum: [basic, plus, fibre]}
    since: {type: timestamp}
    notice: {type: duration}
    visits: {type: int}
  context:
    page: {type: string}
  identities: [email, phone, loyalty, cookie]
  purposes: [marketing, personalisation]
segments:
  patient: customer.visits > 3 && customer.notice > duration('1h')
actions:
  - id: fibre-upgrade
    kind: offer
    purpose: marketing
    value: 120.0
    eligibility: [customer.plan != 'fibre']
    treatments:
      - id: hero
        placement: home.hero
        content: {headline: "{{ customer.first_name | default('Hello') }}, go fibre"}
      - {id: script, placement: agent.next, content: {title: Fibre}}
      - {id: strip, placement: home.strip, content: {title: Fibre strip}}
  - id: help
    kind: service
    purpose: none
    value: 1.0
    applicability: ["context.page == '/help' && customer.since < now"]
    treatments:
      - {id: help, placement: home.hero, content: {headline: How can we help}}
contact:
  - {id: twice-a-day, applies: {kind: offer}, per: action, cap: 2, window: 1d}
  - {id: rest-after-reject, applies: {kind: offer}, per: action, after: [reject], rest: 30d}
placements:
  - {id: home.hero, channel: web, slots: 1, fallback: {headline: Welcome}}
  - {id: home.strip, channel: web, slots: 2, fallback: {headline: Strip}}
  - {id: agent.next, channel: agent, slots: 3, counts: impression, hold: 30m}
strategy:
  exploration: {method: none}
  positive: {accept: 1.0}
  attribution: 7d
"""


def written(home: Path, text: str = CATALOGUE) -> Path:
    """The directory of a catalogue in `home`."""
    directory = home / "catalogue"
    directory.mkdir()
    (directory / "catalogue.yaml").write_text(text)
    return directory
