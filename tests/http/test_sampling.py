"""What is counted of one decision in 128."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from engine.services.deciding.sampling import EVERY
from tests.http.conftest import Client


def sampled(client: Client) -> dict[tuple[str, ...], float]:
    text = client.call("GET", "/metrics").body.decode()
    return {
        (sample.name.removeprefix("teller_sampled_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("teller_sampled_") and sample.name.endswith("_total")
    }


def test_one_decision_in_128_is_counted_with_what_it_lacked(client: Client) -> None:
    capped = client.consenting("capped")
    for _ in range(EVERY - 1):
        client.decide(capped)
    client.decide(client.consenting(visits=2))
    found = sampled(client)
    assert found["decisions_total",] == 1
    assert found["actions_total", "no"] == 1
    assert found["missing_total", "context.page"] == 1
    assert found["missing_total", "customer.first_name"] == 1
    assert ("missing_total", "customer.visits") not in found
    assert ("missing_total", "customer.plan") not in found


def test_previews_are_not_counted(client: Client) -> None:
    customer = client.consenting()
    for _ in range(EVERY):
        client.decide(customer, mode="preview")
    assert sampled(client).get(("decisions_total",), 0) == 0
