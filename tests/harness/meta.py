"""Webhooks as Meta posts them, made by hand: bodies, signatures, and sending them in ways that Meta would not."""
import hashlib
import hmac
import http.client
import json
import socket
import time

from . import demo_values
from .sim import request


def sign(body, secret=demo_values.APP_SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def text_message(wamid, sender, text, at=None):
    return {"from": sender, "id": wamid, "timestamp": str(int(at if at is not None else time.time())), "type": "text", "text": {"body": text}}


def change(address, messages=(), statuses=(), field="messages"):
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "27100000001", "phone_number_id": address}}
    if messages:
        value["contacts"] = [{"profile": {"name": "Amina"}, "wa_id": m["from"]} for m in messages]
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return {"field": field, "value": value}


def envelope(*changes, waba="210000000000001"):
    """The body as Meta writes it: non-ASCII escaped, no spaces."""
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": waba, "changes": list(changes)}]},
                      separators=(",", ":")).encode()


def post(port, body, signature=None, path="/webhooks/whatsapp", timeout=10, headers=None):
    """(status, headers, body) of a signed POST; signature=False sends none."""
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    if signature is not False:
        all_headers["X-Hub-Signature-256"] = signature or sign(body)
    return request(port, "POST", path, body, all_headers, timeout)


def try_post(port, body, timeout=10):
    """The status, or None when nobody answered."""
    try:
        return post(port, body, timeout=timeout)[0]
    except (OSError, http.client.HTTPException):
        return None


def trickle(port, pieces, seconds, pause=0.25):
    """Send pieces slowly: seconds until the server cut the connection, None when it did not within `seconds`."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.settimeout(pause)
        for piece in pieces:
            if time.monotonic() - begin > seconds:
                return None
            try:
                s.sendall(piece)
                if s.recv(4096) == b"":
                    return time.monotonic() - begin
            except socket.timeout:
                continue  # nothing to read: the server still listens
            except OSError:
                return time.monotonic() - begin
    return None
