from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import compile_catalogue
from engine.domain import OUTCOMES, Consent, CustomerState, Interaction
from engine.errors import Rejected
from engine.learn import AHEAD, Learned, learn
from engine.memory.contacts import held, remember_contacts
from engine.plan import Chosen, Filled
from engine.rules.consent import later

DAY = 24 * 60 * 60 * 1000
MADE = 1_790_000_000_000
NOW = MADE + 60_000
DECISION = f"{MADE:012x}{'7' + '0' * 19}"
CATALOGUE = compile_catalogue(
    {
        "catalogue.yaml": b"""
schema: {purposes: [marketing]}
groups:
  upgrade: {kind: offer, purpose: marketing}
actions:
  - {id: fibre, group: upgrade, value: 1, treatments: [
      {id: a, placement: home, content: {}}, {id: b, placement: cart, content: {}}]}
  - {id: plus, kind: offer, purpose: marketing, value: 1, treatments: [
      {id: a, placement: home, content: {}}]}
  - {id: status, kind: service, value: 1, treatments: [
      {id: a, placement: cart, content: {}}]}
placements:
  - {id: home, channel: web, slots: 2, counts: impression, hold: 30m}
  - {id: cart, channel: web, slots: 3}
strategy:
  positive: {click: 0.2, accept: 1.0}
  attribution: 7d
"""
    }
)
FIBRE, PLUS, STATUS = CATALOGUE.actions


def chosen(action: str) -> Chosen:
    return Chosen(action, "offer", "t", 1, {}, 0.1, 1.0, 0.1, 1.0)


OFFERED = (
    Filled("home", False, (chosen("fibre"), chosen("plus"))),
    Filled("cart", False, (chosen("fibre"), chosen("status"), chosen("gone"))),
)


def outcome(
    type: str,
    action: str = "plus",
    placement: str = "",
    at: int = NOW,
    until: int = 0,
    decision_id: str = DECISION,
) -> Interaction:
    return Interaction("m", type, at, decision_id, action=action, placement=placement, until=until)


def customer(hold_until: int = 0, ask: str = "") -> CustomerState:
    taken = [(FIBRE, "web", "home"), (PLUS, "web", "home")]
    state = CustomerState("c-1")
    contacts = remember_contacts(state.contacts, taken, DECISION, MADE, hold_until, ask, 0)
    return CustomerState("c-1", contacts=contacts)


def taught(interaction: Interaction, state: CustomerState | None = None) -> Learned:
    return learn(interaction, OFFERED, state or customer(), CATALOGUE, NOW)


def refusal(interaction: Interaction, offered: tuple[Filled, ...] | None = OFFERED) -> str:
    with pytest.raises(Rejected) as refused:
        learn(interaction, offered, customer(), CATALOGUE, NOW)
    return str(refused.value)


# ── what is refused ──────────────────────────────────────────────────────────────────


def test_an_outcome_of_an_action_the_decision_never_showed_is_refused() -> None:
    assert "did not offer 'plsu'; did you mean 'plus'?" in refusal(outcome("click", "plsu"))
    assert "there is fibre, gone, plus, status" in refusal(outcome("click", "zzz"))


def test_an_outcome_at_a_placement_that_never_showed_the_action_is_refused() -> None:
    assert "it did at home" in refusal(outcome("click", "plus", "cart"))


def test_an_action_shown_in_two_placements_needs_its_placement_named() -> None:
    assert "home, cart" in refusal(outcome("click", "fibre"))
    row = taught(outcome("click", "fibre", "cart")).state.events.labels[0]
    assert (row.placement, row.channel) == ("cart", "web")


def test_an_outcome_of_a_decision_nobody_made_is_refused() -> None:
    assert "no such decision" in refusal(outcome("click"), offered=None)


def test_a_fallback_teaches_nothing() -> None:
    assert "offered nothing" in refusal(outcome("click"), (Filled("home", True),))


def test_an_outcome_without_a_decision_is_refused() -> None:
    assert "needs the decision_id" in refusal(outcome("reject", decision_id=""))


def test_an_outcome_we_do_not_know_is_refused_with_the_nearest() -> None:
    assert "did you mean 'accept'?" in refusal(outcome("acept"))


def test_what_lies_more_than_five_minutes_ahead_is_refused() -> None:
    assert "five minutes" in refusal(outcome("click", at=NOW + AHEAD + 1))
    assert taught(outcome("click", at=NOW + AHEAD)).state.events.rows


def test_a_snooze_must_end_after_it_began() -> None:
    assert "until" in refusal(outcome("snooze", until=NOW))


# ── what is learnt ───────────────────────────────────────────────────────────────────


def test_an_outcome_is_remembered_with_what_and_where_the_action_was() -> None:
    learned = taught(outcome("reject"))
    (label,) = learned.state.events.labels
    assert (label.type, label.action, label.kind, label.group, label.channel, label.placement) == (
        "reject",
        "plus",
        "offer",
        "",
        "web",
        "home",
    )
    assert learned.state.events.tallies[0].count == 1


@pytest.mark.parametrize(("type", "reward"), [("click", 0.2), ("accept", 1.0), ("reject", 0.0)])
def test_an_outcome_is_worth_what_the_strategy_says(type: str, reward: float) -> None:
    assert taught(outcome(type)).reward == reward


@pytest.mark.parametrize("type", ["not_sent", "bounced"])
def test_what_never_reached_the_customer_is_no_verdict_on_it(type: str) -> None:
    assert taught(outcome(type)).reward is None


def test_an_outcome_after_the_attribution_window_has_no_reward_and_is_remembered() -> None:
    now = MADE + 8 * DAY
    for late, reward in ((0, 1.0), (1, None)):
        interaction = outcome("accept", at=MADE + 7 * DAY + late)
        learned = learn(interaction, OFFERED, customer(), CATALOGUE, now)
        assert learned.reward == reward
        assert learned.state.events.rows


def test_an_impression_confirms_its_own_hold_alone() -> None:
    state = customer(hold_until=NOW + DAY, ask="q")
    learned = taught(outcome("impression"), state)
    assert [row.until for row in learned.state.contacts.rows] == [NOW + DAY, 0]
    assert held(learned.state.contacts, "q", NOW) == DECISION
    assert learned.changed == {"contacts", "events"}


def test_an_answer_confirms_its_hold_and_the_same_ask_is_decided_anew() -> None:
    state = customer(hold_until=NOW + DAY, ask="q")
    after = taught(outcome("reject"), state).state.contacts
    assert [row.until for row in after.rows] == [NOW + DAY, 0]
    assert held(after, "q", NOW) is None


def test_an_impression_after_the_hold_counts_the_contact_after_all() -> None:
    learned = taught(outcome("impression"), CustomerState("c-1"))
    (row,) = learned.state.contacts.rows
    assert (row.at, row.decision, row.until) == (MADE, DECISION, 0)


def test_a_contact_that_counts_for_good_stays_as_it_is() -> None:
    assert taught(outcome("impression")).changed == {"events"}


def test_what_was_not_sent_is_given_back() -> None:
    learned = taught(outcome("not_sent"))
    assert [label.action for label in learned.state.contacts.labels] == ["fibre"]


@pytest.mark.parametrize(("placement", "counts"), [("cart", 1), ("home", 0)])
def test_what_was_given_back_and_then_delivered_counts_again_where_it_need_not_be_seen(
    placement: str, counts: int
) -> None:
    learned = taught(outcome("delivered", "fibre", placement), CustomerState("c-1"))
    assert [row.at for row in learned.state.contacts.rows] == [MADE] * counts


def test_what_was_delivered_counts_once() -> None:
    state = taught(outcome("delivered", "status"), CustomerState("c-1")).state
    assert "contacts" not in taught(outcome("delivered", "status"), state).changed


def test_what_was_not_sent_is_not_answered_again_from_its_hold() -> None:
    learned = taught(outcome("not_sent"), customer(NOW + DAY, "ask"))
    assert held(learned.state.contacts, "ask", NOW) is None


def test_an_unsubscribe_denies_the_actions_purpose_whatever_was_said_before() -> None:
    granted = {"marketing": Consent("granted", NOW + 1, "api")}
    learned = taught(outcome("unsubscribe"), CustomerState("c-1", consent=granted))
    assert learned.state.consent == {"marketing": Consent("denied", NOW + 1, "unsubscribe")}
    assert "consent" in learned.changed


def test_an_unsubscribe_from_an_action_that_left_the_catalogue_denies_every_purpose() -> None:
    learned = taught(outcome("unsubscribe", "gone"))
    assert set(learned.state.consent) == {"marketing"}


def test_an_unsubscribe_from_an_action_without_purpose_denies_nothing() -> None:
    assert taught(outcome("unsubscribe", "status")).state.consent == {}


def test_an_action_that_left_the_catalogue_can_still_be_answered() -> None:
    (label,) = taught(outcome("click", "gone")).state.events.labels
    assert (label.action, label.kind, label.group) == ("gone", "offer", "")


def test_a_snooze_keeps_its_end() -> None:
    assert taught(outcome("snooze", until=NOW + DAY)).state.events.rows[0].until == NOW + DAY


def test_a_free_interaction_is_remembered_and_rewards_nothing() -> None:
    call = Interaction("m", "call", NOW, channel="agent", topic="complaint", status="open")
    learned = learn(call, None, customer(), CATALOGUE, NOW)
    assert learned.changed == {"events"}
    assert learned.reward is None
    assert [matter.topic for matter in learned.state.events.open] == ["complaint"]


@settings(max_examples=100)
@given(st.permutations(OUTCOMES))
def test_an_opt_out_stands_whatever_else_arrives_and_when(outcomes: Sequence[str]) -> None:
    state = customer(hold_until=NOW + DAY)
    for number, type in enumerate(outcomes):
        before = len(state.events.rows)
        state = learn(outcome(type, at=NOW - number), OFFERED, state, CATALOGUE, NOW).state
        assert len(state.events.rows) == before + 1
    assert state.consent["marketing"].status == "denied"
    assert sum(tally.count for tally in state.events.tallies) == len(OUTCOMES)


def test_a_yes_sent_once_more_does_not_undo_the_unsubscribe_that_overrode_it() -> None:
    yes = Consent("granted", NOW + 50, "crm")
    learned = taught(
        outcome("unsubscribe", at=NOW), CustomerState("c-1", consent={"marketing": yes})
    )
    no = learned.state.consent["marketing"]
    assert no.status == "denied"
    assert later(no, yes) is no
