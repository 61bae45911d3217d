"""The decision function: what is chosen, what it remembers, what it answers again."""

from msgspec.structs import replace

from engine.domain import Consent, Events
from engine.plan import Plan
from tests.builders import NOW, action, catalogue, customer
from tests.decide.deciding import ask, decided, live, shown

MINUTE = 60_000
HELD = {"id": "agent.next", "channel": "agent", "slots": 2, "counts": "impression", "hold": "30m"}


def test_the_action_of_highest_priority_is_chosen() -> None:
    plan = decided(customer(), live(catalogue(), fibre=0.1, plus=0.2))
    assert shown(plan) == ["plus"]
    chosen = plan.placements[0].actions[0]
    assert (chosen.propensity, chosen.value, chosen.priority) == (0.2, 10.0, 2.0)
    assert chosen.content == {"title": "plus"}


def test_equal_priorities_go_by_action_id() -> None:
    assert shown(decided(customer(), live(catalogue()))) == ["fibre"]


def test_a_customer_who_never_answered_on_marketing_gets_the_fallback() -> None:
    plan = decided(customer(granted=[]), live(catalogue()))
    assert plan.placements[0].fallback
    assert plan.placements[0].content == {"headline": "Welcome"}
    assert plan.contacts is None


def test_saying_nothing_wins_when_contact_costs_more_than_it_brings() -> None:
    dear = {"exploration": {"method": "none"}, "contact_cost": {"web": 6.0}}
    assert decided(customer(), live(catalogue(strategy=dear))).placements[0].fallback


def test_a_higher_tier_is_served_first_whatever_its_priority() -> None:
    notice = action("notice", value=0.5, tier=9)
    plan = decided(customer(), live(catalogue(actions=[action("fibre"), notice])))
    assert shown(plan) == ["notice"]


def test_an_action_is_never_in_two_placements_of_one_request() -> None:
    places = [
        {"id": "home.hero", "channel": "web"},
        {"id": "home.shelf", "channel": "web", "slots": 2},
    ]
    both = [action(name, "home.hero", "home.shelf") for name in ("a", "b", "c")]
    plan = decided(
        customer(), live(catalogue(actions=both, placements=places)), ask("home.hero", "home.shelf")
    )
    assert shown(plan) == ["a"]
    assert shown(plan, "home.shelf") == ["b", "c"]


def test_a_diverse_placement_shows_one_action_of_a_group() -> None:
    places = [{"id": "home.hero", "channel": "web", "slots": 3, "diverse": "group"}]
    groups = {"g": {}, "h": {}}
    offers = [action("a", group="g"), action("b", group="g"), action("c", group="h")]
    plan = decided(
        customer(), live(catalogue(actions=offers, groups=groups, placements=places), b=0.9)
    )
    assert shown(plan) == ["b", "c"]


def test_a_cap_reached_by_the_first_slot_holds_for_the_second() -> None:
    places = [{"id": "home.hero", "channel": "web", "slots": 2}]
    once = [{"id": "one-offer-a-day", "applies": {"kind": "offer"}, "cap": 1, "window": "1d"}]
    plan = decided(
        customer(),
        live(catalogue(actions=[action("fibre"), action("plus")], placements=places, contact=once)),
    )
    assert shown(plan) == ["fibre"]


def test_what_was_offered_counts_in_the_very_next_decision() -> None:
    once = [
        {"id": "daily", "applies": {"kind": "offer"}, "per": "action", "cap": 1, "window": "1d"}
    ]
    engine, ana = live(catalogue(contact=once)), customer()
    seen = []
    for _ in range(3):
        plan = decided(ana, engine)
        seen.append(shown(plan))
        ana = replace(ana, contacts=plan.contacts or ana.contacts)
    assert seen == [["fibre"], ["plus"], []]


def test_a_preview_contacts_nobody() -> None:
    plan = decided(customer(), live(catalogue()), ask(mode="preview"))
    assert shown(plan) == ["fibre"]
    assert plan.contacts is None


def test_for_a_customer_who_refused_personalisation_the_model_does_not_predict() -> None:
    engine = live(catalogue(), plus=0.9)
    refused = decided(customer(denied=["personalisation"]), engine)
    signalled = decided(customer(), engine, ask(privacy_signal=True))
    assert shown(refused) == shown(signalled) == ["fibre"]
    assert refused.features == signalled.features == ()
    assert shown(decided(customer(), engine)) == ["plus"]


def test_an_attribute_sent_with_the_request_holds_for_this_request() -> None:
    fussy = [action("fibre", eligibility=["customer.plan != 'fibre'"]), action("plus", value=1.0)]
    engine = live(catalogue(actions=fussy))
    ana = customer(attributes={"plan": "basic"})
    assert shown(decided(ana, engine)) == ["fibre"]
    assert shown(decided(ana, engine, ask(attributes={"plan": "fibre"}))) == ["plus"]


def test_content_that_cannot_be_rendered_leaves_its_slot_empty() -> None:
    broken = action("fibre")
    broken["treatments"][0]["content"] = {"title": "{{ 1 / customer.tenure_months }}"}
    engine = live(catalogue(actions=[broken, action("plus")]), fibre=0.9)
    plan = decided(customer(attributes={"tenure_months": 0}), engine, ask(explain="full"))
    assert plan.placements[0].fallback
    assert {row.action: row.code for row in plan.candidates or ()}["fibre"] == "content-failed"


class TestHolds:
    engine = live(
        catalogue(
            placements=[HELD],
            actions=[action(name, "agent.next") for name in ("a", "b", "c")],
            contact=[
                {
                    "id": "daily",
                    "applies": {"kind": "offer"},
                    "per": "action",
                    "cap": 1,
                    "window": "1d",
                }
            ],
        )
    )
    request = ask("agent.next", channel="agent")

    def first(self) -> tuple[Plan, object]:
        plan = decided(customer(), self.engine, self.request, "1" * 32)
        assert plan.contacts is not None
        return plan, replace(customer(), contacts=plan.contacts)

    def again(self, state: object, after: int, **changes: object) -> Plan:
        request = replace(self.request, **changes) if changes else self.request
        return decided(state, self.engine, request, "2" * 32, NOW + after)  # type: ignore[arg-type]

    def test_asking_again_within_the_hold_gives_the_same_decision(self) -> None:
        _, state = self.first()
        assert self.again(state, 29 * MINUTE).repeat == "1" * 32

    def test_asking_after_the_hold_decides_anew(self) -> None:
        plan, state = self.first()
        later = self.again(state, 31 * MINUTE)
        assert later.repeat is None
        assert shown(later, "agent.next") == shown(plan, "agent.next")

    def test_asking_something_else_within_the_hold_decides_anew_and_the_hold_counts(self) -> None:
        _, state = self.first()
        other = self.again(state, MINUTE, context={"page": "/bill"})
        assert other.repeat is None
        assert shown(other, "agent.next") == ["c"]

    def test_a_hold_does_not_outlast_a_withdrawn_consent(self) -> None:
        _, state = self.first()
        withdrawn = replace(state, consent={"marketing": Consent("denied", NOW, "api")})
        plan = self.again(withdrawn, MINUTE)
        assert plan.repeat is None
        assert plan.placements[0].fallback

    def test_a_hold_does_not_outlast_a_refusal_of_personalisation(self) -> None:
        _, state = self.first()
        refused = Consent("denied", NOW, "api")
        without = replace(state, consent={**state.consent, "personalisation": refused})
        assert self.again(without, MINUTE).repeat is None
        assert self.again(state, MINUTE, privacy_signal=True).repeat is None


def test_the_same_arguments_give_the_same_plan() -> None:
    chancy = {"exploration": {"method": "epsilon", "floor": 0.5}}
    engine, request = live(catalogue(strategy=chancy)), ask(explain="full")
    ids = [f"{number:032x}" for number in range(50)]
    once = [decided(customer(), engine, request, name) for name in ids]
    twice = [decided(customer(), engine, request, name) for name in ids]
    assert once == twice
    assert len({tuple(shown(plan)) for plan in once}) == 2


def test_the_head_of_the_ranking_is_by_priority_and_no_longer_than_ten() -> None:
    offers = [action(f"a{i:02}", value=float(i + 1)) for i in range(30)]
    plan = decided(customer(), live(catalogue(actions=offers)))
    assert [row.action for row in plan.ranking] == [f"a{i:02}" for i in range(29, 19, -1)]


def test_of_actions_worth_the_same_the_head_has_the_first_by_id() -> None:
    offers = [action(f"a{i:03}", value=float(i % 3 + 1)) for i in range(600)]
    plan = decided(customer(), live(catalogue(actions=offers)))
    assert [row.action for row in plan.ranking] == [f"a{i:03}" for i in range(2, 32, 3)]


def test_a_customer_nobody_has_heard_of_is_decided_for_as_a_new_one() -> None:
    service = action("help", kind="service", purpose="none", value=1.0)
    stranger = customer(granted=[], events=Events(), revision=0)
    plan = decided(stranger, live(catalogue(actions=[action("fibre"), service])))
    assert shown(plan) == ["help"]
