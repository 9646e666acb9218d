"""What was told to the shop and acknowledged, held against what the database and the simulator know afterwards.

lost       said and acknowledged, but not in the log
doubled    in the log twice, or one answer handed to Meta more than once
misplaced  in the log of a tenant that the number does not belong to, or answered from a number of another tenant
unanswered answers that the database believes unsent
"""
import collections
import json


def message_id(payload):
    """Of an incoming event. Read here and not by the database, which refuses lone surrogates that the log may hold."""
    try:
        return str(json.loads(payload, strict=False)["message"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""


class Ledger:
    def __init__(self):
        self.said = {}    # message id -> (sender, address)
        self.heals = []   # (what died, seconds until somebody heard an answer again)

    def record(self, wamid, sender, address):
        self.said[wamid] = (sender, address)

    def healed(self, what, seconds):
        self.heals.append((what, seconds))

    def healing(self):
        """"worker 0.31 s, master 0.92 s", in the order of the faults."""
        return ", ".join(f"{what} {seconds:.2f} s" for what, seconds in self.heals)

    @staticmethod
    def incoming(sql):
        """[(message id, tenant, how often)] of every inbound message in the log."""
        rows = sql("SELECT tenant_id, payload FROM wakala.event WHERE type = 'whatsapp.incoming' AND xid > '0'")  # 0: it came along from another server
        return sorted((wamid, tenant, count) for (wamid, tenant), count
                      in collections.Counter((message_id(payload), tenant) for tenant, payload in rows).items())

    @staticmethod
    def addresses(sql):
        """phone number id -> tenant"""
        return dict(sql("SELECT address, tenant_id FROM wakala.address WHERE channel = 'whatsapp'"))

    @staticmethod
    def unsent(sql):
        return sql("SELECT recipient, state, coalesce(error_code::text, ''), left(body, 120) FROM wakala.outbound"
                   " WHERE state <> 'sent' ORDER BY created_at")

    def audit(self, incoming, addresses, sends, unsent=()):
        """Every complaint, one line each; an empty list is a clean book. `sends`: callback -> how often Meta accepted it."""
        complaints, seen = [], {}
        for wamid, tenant, count in incoming:
            seen.setdefault(wamid, []).append((tenant, count))
        for wamid, (sender, address) in self.said.items():
            rows = seen.get(wamid, [])
            if not rows:
                complaints.append(f"lost: message {wamid} to {address} is not in the log")
            elif sum(count for _, count in rows) > 1:
                complaints.append(f"doubled: message {wamid} is in the log {sum(count for _, count in rows)} times")
            for tenant, _ in rows:
                if addresses.get(address) != tenant:
                    complaints.append(f"misplaced: message {wamid} to {address} is in the log of tenant {tenant}")
        for callback, count in sends.items():
            if count > 1:
                complaints.append(f"doubled: the answer {callback} was handed to Meta {count} times")
        for recipient, state, code, body in unsent:
            complaints.append(f"unanswered: to …{recipient[-4:]} is {state}{' ' + code if code else ''}: {body}")
        return complaints
