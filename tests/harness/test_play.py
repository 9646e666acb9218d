"""The player against a shop made of ten lines: what counts as heard, which menu is tapped, what a failure says."""
import contextlib
import unittest

from harness import scenario
from harness.inbox import Inbox, Message
from harness.ledger import Ledger
from harness.play import Chaos, Player, Unmet

SCENE = 'actor customer 27820000001 "Amina"\n'


def text(n, body):
    return {"id": f"w{n}", "at": "", "n": n, "body": {"type": "text", "text": {"body": body}}}


def buttons(n, body, *titles):
    action = {"buttons": [{"type": "reply", "reply": {"id": f"{n}|{t}", "title": t}} for t in titles]}
    return {"id": f"w{n}", "at": "", "n": n,
            "body": {"type": "interactive", "interactive": {"type": "button", "body": {"text": body}, "action": action}}}


def rows(n, body, *titles):
    action = {"button": "Open", "sections": [{"title": "S", "rows": [{"id": f"{n}|{t}", "title": t, "description": "R1"} for t in titles]}]}
    return {"id": f"w{n}", "at": "", "n": n,
            "body": {"type": "interactive", "interactive": {"type": "list", "body": {"text": body}, "action": action}}}


class FakeSim:
    """Answers what `script` says for each thing it is told."""

    def __init__(self, script):
        self.script, self.record, self.told = script, [], []

    def messages(self, to, after=0):
        return [r for r in self.record if r["n"] > after]

    def say(self, sender, to, name=None, **what):
        self.told.append(what)
        for make, *args in self.script.get(str(what.get("text") or what.get("choice", {}).get("title")), []):
            self.record.append(make(len(self.record) + 1, *args))
        return f"in{len(self.told)}"

    def stats(self):
        return {"pending": 0, "sends_per_callback": {}}

    def pending(self):
        return 0


class FakeWorld:
    placing = contextlib.nullcontext()

    def __init__(self, script, answers=None):
        self.sim, self.answers, self.killed = FakeSim(script), answers or {}, []

    def sql(self, query):
        return self.answers.get(query.split()[-1], [])

    def kill(self, what):
        self.killed.append(what)
        return 0.5

    def invariants(self):
        return ["stock.sql: 1 row"]


def play(lines, script, world=None, deadline=0.1, chaos=None):
    world = world or FakeWorld(script)
    out = []
    player = Player(world, out.append, deadline, chaos)
    player.play(scenario.parse(SCENE + lines, "x.play"))
    return world, player, out


class Playing(unittest.TestCase):
    def test_talk_with_captures(self):
        script = {"hi": [(buttons, "Welcome Amina", "Shop", "More")], "Shop": [(text, "Your code is 4711. Bye.")], "4711": [(text, "Right")]}
        world, player, out = play('customer says "hi"\ncustomer hears "Welcome"\ncustomer taps "Shop"\n'
                                  r'customer hears "code is (\w+)" as code' '\ncustomer says $code\ncustomer hears "Right"', script)
        self.assertEqual(player.values, {"code": "4711"})
        self.assertEqual(world.sim.told[1], {"choice": {"id": "1|Shop", "title": "Shop", "kind": "button"}})
        self.assertIn("Welcome Amina", "\n".join(out))
        self.assertEqual(len(player.ledger.said), 3)

    def test_a_message_is_heard_once(self):
        with self.assertRaises(Unmet):
            play('customer says "hi"\ncustomer hears "Welcome"\ncustomer hears "Welcome"', {"hi": [(text, "Welcome")]})

    def test_two_answers_in_either_order(self):
        play('customer says "hi"\ncustomer hears "B"\ncustomer hears "A"', {"hi": [(text, "A"), (text, "B")]})

    def test_what_came_before_the_last_heard_is_gone_after_acting(self):
        script = {"hi": [(text, "skipped"), (text, "heard")], "ho": []}
        with self.assertRaises(Unmet):
            play('customer says "hi"\ncustomer hears "heard"\ncustomer says "ho"\ncustomer hears "skipped"', script)

    def test_tap_takes_the_menu_after_the_last_action(self):
        script = {"hi": [(buttons, "one", "Cart")], "x": [(buttons, "two", "Cart")]}
        world, _, _ = play('customer says "hi"\ncustomer hears "one"\ncustomer says "x"\ncustomer taps "Cart"', script)
        self.assertEqual(world.sim.told[-1]["choice"]["id"], "2|Cart")

    def test_tap_of_an_old_menu_must_be_said(self):
        script = {"hi": [(buttons, "one", "Accept")], "x": [(text, "two")]}
        lines = 'customer says "hi"\ncustomer hears "one"\ncustomer says "x"\ncustomer hears "two"\n'
        with self.assertRaises(Unmet):
            play(lines + 'customer taps "Accept"', script)
        world, _, _ = play(lines + 'customer taps old "Accept"', script)
        self.assertEqual(world.sim.told[-1]["choice"]["id"], "1|Accept")

    def test_tap_needs_the_whole_title(self):
        with self.assertRaises(Unmet):
            play('customer says "hi"\ncustomer taps "Sho"', {"hi": [(buttons, "one", "Shop")]})

    def test_numbers_of_buttons_rows_and_plain_text(self):
        for record in ((buttons, "q", "No", "Yes"), (rows, "q", "No", "Yes"), (text, "q\n1) No\n2) Yes – and more")):
            world, _, _ = play('customer says "hi"\ncustomer types the number of "Yes"', {"hi": [record]})
            self.assertEqual(world.sim.told[-1], {"text": "2"})

    def test_double_tap_is_two_messages(self):
        world, _, _ = play('customer says "hi"\ncustomer taps "Place" 2 times', {"hi": [(buttons, "q", "Place")]})
        self.assertEqual(len(world.sim.told), 3)

    def test_taps_together_are_one_of_each(self):
        scene = 'actor other 27820000002 "Bongani"\nother says "hi"\ncustomer says "hi"\n'
        world, _, _ = play(scene + 'customer, other tap "Accept" together', {"hi": [(buttons, "job", "Accept")]})
        self.assertEqual([what.get("choice", {}).get("title") for what in world.sim.told[2:]], ["Accept", "Accept"])
        with self.assertRaises(Unmet):
            play(scene + 'customer, other tap "Reject" together', {"hi": [(buttons, "job", "Accept")]})

    def test_failure_names_line_and_what_was_heard(self):
        with self.assertRaises(Unmet) as caught:
            play('customer says "hi"\ncustomer hears "Order"', {"hi": [(text, "Sorry, I did not get that")]})
        self.assertIn("x.play:3:", str(caught.exception))
        self.assertIn("Sorry, I did not get that", str(caught.exception))

    def test_never_heard(self):
        with self.assertRaises(Unmet):
            play('customer says "hi"\ncustomer never heard "secret"', {"hi": [(text, "a secret")]})

    def test_invariants_fail_the_play(self):
        with self.assertRaises(Unmet) as caught:
            play("check invariants", {})
        self.assertIn("stock.sql", str(caught.exception))

    def test_expectation(self):
        world = FakeWorld({}, {"1001": [["DELIVERED"]]})
        play('expect order "#1001" DELIVERED', {}, world)
        with self.assertRaises(Unmet) as caught:
            play('expect order "1001" CANCELLED', {}, world)
        self.assertIn("it is DELIVERED", str(caught.exception))

    def test_chaos_is_the_same_for_the_same_seed(self):
        plans = [Chaos(7, 3, 20).plan for _ in range(2)]
        self.assertEqual(plans[0], plans[1])
        self.assertEqual(len(plans[0]), 3)
        self.assertNotEqual(plans[0], Chaos(8, 3, 20).plan)

    def test_chaos_kills_after_an_action(self):
        world = FakeWorld({"hi": [(text, "A")]})
        play('customer says "hi"\ncustomer hears "A"', {}, world, chaos=Chaos(1, 1, 1))
        self.assertEqual(len(world.killed), 1)


class Reading(unittest.TestCase):
    def test_shapes(self):
        m = Message(rows(1, "Pick", "Bread", "Milk"))
        self.assertEqual([o[1] for o in m.options], ["Bread", "Milk"])
        self.assertIn("Bread: R1", m.text)
        asks = Message({"n": 2, "body": {"type": "interactive", "interactive": {"type": "location_request_message",
                                                                                  "body": {"text": "Where?"}}}})
        self.assertEqual((asks.text, asks.note), ("Where?", "asks for a location"))
        template = Message({"n": 3, "body": {"type": "template", "template": {"name": "order_ready", "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "1001"}]}]}}})
        self.assertEqual((template.text, template.note), ("1001", "template order_ready"))

    def test_old_records_are_not_added_twice(self):
        inbox = Inbox()
        self.assertEqual(len(inbox.add([text(1, "a"), text(2, "b")])), 2)
        self.assertEqual(inbox.add([text(1, "a"), text(2, "b")]), [])


class Auditing(unittest.TestCase):
    def book(self):
        ledger = Ledger()
        ledger.record("w1", "27820000001", "100")
        ledger.record("w2", "27820000001", "100")
        return ledger

    def test_clean(self):
        self.assertEqual(self.book().audit([("w1", "A", 1), ("w2", "A", 1)], {"100": "A"}, {"c": 1}), [])

    def test_each_kind_of_complaint(self):
        ledger = self.book()
        addresses = {"100": "A"}
        self.assertIn("lost: message w2", ledger.audit([("w1", "A", 1)], addresses, {})[0])
        self.assertIn("doubled: message w2", ledger.audit([("w1", "A", 1), ("w2", "A", 2)], addresses, {})[0])
        self.assertIn("misplaced: message w2", ledger.audit([("w1", "A", 1), ("w2", "B", 1)], addresses, {})[0])
        self.assertIn("handed to Meta 2 times", ledger.audit([("w1", "A", 1), ("w2", "A", 1)], addresses, {"c": 2})[0])
        unsent = [("27820000001", "failed", "131047", "{}")]
        self.assertIn("unanswered: to …0001 is failed 131047", ledger.audit([("w1", "A", 1), ("w2", "A", 1)], addresses, {}, unsent)[0])


class Healing(unittest.TestCase):
    LINES = 'customer says "hi"\ncustomer hears "A"\nkill worker\ncustomer says "ho"\n'

    def test_the_first_answer_after_a_kill_heals(self):
        _, player, out = play(self.LINES + 'customer hears "B"\ncheck healed within 5s', {"hi": [(text, "A")], "ho": [(text, "B")]})
        self.assertEqual([what for what, _ in player.ledger.heals], ["worker"])
        self.assertRegex("\n".join(out), r"healed: worker \d\.\d\d s")

    def test_what_was_said_before_the_kill_heals_nothing(self):
        lines = 'customer says "hi"\nkill worker\ncustomer hears "A"\ncheck healed within 5s'
        with self.assertRaises(Unmet) as caught:
            play(lines, {"hi": [(text, "A")]})
        self.assertIn("worker: nothing was heard since", str(caught.exception))

    def test_too_late(self):
        with self.assertRaises(Unmet) as caught:
            play(self.LINES + 'customer hears "B"\ncheck healed within 0s', {"hi": [(text, "A")], "ho": [(text, "B")]})
        self.assertIn("not healed within 0 s: worker", str(caught.exception))

    def test_no_kill_is_no_proof(self):
        with self.assertRaises(Unmet):
            play("check healed within 5s", {})


if __name__ == "__main__":
    unittest.main()
