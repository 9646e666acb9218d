"""What one person has on the phone: messages as the Graph API got them, what can be tapped, what was heard already."""
import re


class Message:
    """One message from the shop. n counts per person; `options` are (id, title, kind) in the order shown."""

    def __init__(self, record):
        self.n = int(record["n"])
        self.id = record.get("id", "")
        self.at = record.get("at", "")
        self.body = record["body"]
        self.type = self.body.get("type", "")
        self.text, self.options, self.note = _read(self.body)
        self.is_heard = False

    def shown(self):
        parts = [self.text] if self.text else []
        if self.note:
            parts.append(f"({self.note})")
        if self.options:
            parts.append(" ".join(f"[{title}]" for _, title, _ in self.options))
        return "\n".join(parts)

    def numbered(self):
        """Titles by number: of the buttons or rows, or of the lines "1) Title - more" of a plain text."""
        if self.options:
            return {i: title for i, (_, title, _) in enumerate(self.options, 1)}
        return {int(m.group(1)): m.group(2) for m in re.finditer(r"^(\d{1,2})\) (.*?)(?: – .*)?$", self.text, re.M)}


def _read_interactive(body):
    action = body.get("action", {})
    text = body.get("body", {}).get("text", "")
    header = body.get("header", {}).get("text", "")
    footer = body.get("footer", {}).get("text", "")
    text = "\n".join(part for part in (header, text, footer) if part)
    kind = body.get("type")
    if kind == "button":
        return text, [(b["reply"]["id"], b["reply"]["title"], "button") for b in action.get("buttons", [])], ""
    if kind == "list":
        rows = [row for section in action.get("sections", []) for row in section.get("rows", [])]
        more = [f"{row['title']}: {row['description']}" for row in rows if row.get("description")]
        text = "\n".join([text] + more) if more else text
        return text, [(row["id"], row["title"], "list") for row in rows], ""
    if kind == "location_request_message":
        return text, [], "asks for a location"
    if kind == "cta_url":
        return text, [], action.get("parameters", {}).get("url", "")
    return text, [], kind or ""


def _read(body):
    kind = body.get("type", "text")
    if kind == "text":
        return body.get("text", {}).get("body", ""), [], ""
    if kind == "interactive":
        return _read_interactive(body.get("interactive", {}))
    if kind == "template":
        template = body.get("template", {})
        parameters = [p.get("text", "") for c in template.get("components", []) for p in c.get("parameters", [])]
        return " ".join(parameters), [], f"template {template.get('name', '?')}"
    if kind == "location":
        place = body.get("location", {})
        return " ".join(str(place.get(k, "")) for k in ("name", "address", "latitude", "longitude")).strip(), [], "location"
    part = body.get(kind, {})
    return part.get("caption", "") if isinstance(part, dict) else "", [], kind


class Inbox:
    """The messages one person got from one address, and the reading of them."""

    def __init__(self):
        self.messages = []
        self.floor = 0  # heard up to here when the person last did something: older ones are not heard any more
        self.mark = 0   # the newest message at that moment: what comes after it may be tapped without being heard

    def last_n(self):
        return self.messages[-1].n if self.messages else 0

    def add(self, records):
        """New records of the simulator; returns those that were not known."""
        fresh = [Message(r) for r in records if int(r["n"]) > self.last_n()]
        self.messages += fresh
        return fresh

    def acted(self):
        self.floor = max([m.n for m in self.messages if m.is_heard], default=self.floor)
        self.mark = self.last_n()

    def hear(self, expression):
        """The oldest message not heard yet that the expression is found in; it counts as heard. (message, match) or None."""
        for m in self.messages:
            if m.is_heard or m.n <= self.floor:
                continue
            match = re.search(expression, m.text)
            if match:
                m.is_heard = True
                return m, match
        return None

    def option(self, expression, everywhere=False):
        """The newest offered option whose whole title fits: (message, option), or None. Only what came since the person last did
        something, or was heard; `everywhere`: also older menus."""
        for m in reversed(self.messages):
            if everywhere or m.n > self.mark or (m.is_heard and m.n > self.floor):
                for option in m.options:
                    if re.fullmatch(expression, option[1]):
                        return m, option
        return None

    def number_of(self, expression):
        """The number that stands before a title in the newest menu: (message, number), or None."""
        for m in reversed(self.messages):
            if m.n > self.mark or (m.is_heard and m.n > self.floor):
                for number, title in m.numbered().items():
                    if re.fullmatch(expression, title):
                        return m, number
        return None

    def recent(self, count=4):
        return [m for m in self.messages if m.n > self.floor][-count:] or self.messages[-count:]
