"""Talks to the simulator as the people and as Meta's console would: what somebody says, what somebody got, which rules hold."""
import http.client
import json
import urllib.parse

from .procs import Failed, Late


def request(port, method, path, body=None, headers=None, timeout=10, host="127.0.0.1"):
    """One HTTP request on a connection of its own: (status, headers, body bytes)."""
    conn = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        conn.request(method, path, body=body, headers=headers or {})
        answer = conn.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        conn.close()


class Sim:
    """The WhatsApp simulator on its own port (not through the host's forward, so that it answers when the host is dead)."""

    def __init__(self, port):
        self.port = port

    def _call(self, method, path, value=None, raw=None):
        body = raw if raw is not None else None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            status, _, out = request(self.port, method, path, body, headers)
        except (OSError, http.client.HTTPException) as why:
            raise Failed(f"the simulator on port {self.port} does not answer {method} {path}: {why}") from why
        if status != 200:
            raise Failed(f"the simulator answered {status} to {method} {path}: {out[:300].decode('utf-8', 'replace')}")
        if not out:
            return None
        return json.loads(out)

    def say(self, sender, to, name=None, **what):
        """Somebody writes: text=..., choice={id, title, kind}, location={latitude, longitude} or raw={...}. The message id."""
        value = {"from": sender, "to": to, **what}
        if name:
            value["name"] = name
        if "text" in what:
            value.setdefault("type", "text")
        return self._call("POST", "/sim/whatsapp/say", value)["id"]

    def messages(self, to, after=0):
        query = urllib.parse.urlencode({"to": to, "after": after})
        return self._call("GET", f"/sim/whatsapp/messages?{query}")

    def rules(self, value):
        return self._call("POST", "/sim/whatsapp/rules", value)

    def webhook(self, raw):
        """A body of our own making, signed and delivered as it is."""
        return self._call("POST", "/sim/whatsapp/webhook", raw=raw)

    def stats(self):
        return self._call("GET", "/sim/whatsapp/stats")

    def pending(self):
        return int(self.stats().get("pending", 0))

    def answers(self):
        try:
            return request(self.port, "GET", "/sim/whatsapp/stats", timeout=2)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


__all__ = ["Sim", "request", "Failed", "Late"]
