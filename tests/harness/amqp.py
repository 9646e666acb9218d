"""AMQP 0-9-1 as an outsider speaks it: enough to count, purge, get and put messages, written a second time so that both sides' view of the wire is tested."""
import socket
import struct

from .procs import Failed


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value[0]

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def short(self):
        return self.bytes(self.take("B")).decode()

    def long(self):
        return self.bytes(self.take("I"))

    def table(self):
        end, out = self.take("I") + self.at, {}
        while self.at < end:
            name = self.short()
            out[name] = self.value()
        return out

    def value(self):
        kind = chr(self.take("B"))
        numbers = {"t": "B", "b": "b", "B": "B", "s": "h", "u": "H", "I": "i", "i": "I", "l": "q", "L": "q", "T": "Q", "d": "d", "f": "f"}
        if kind in numbers:
            return self.take(numbers[kind])
        if kind == "S":
            return self.long().decode()
        if kind == "F":
            return self.table()
        if kind == "A":
            end, out = self.take("I") + self.at, []
            while self.at < end:
                out.append(self.value())
            return out
        if kind == "V":
            return None
        raise Failed(f"AMQP: a field of kind {kind!r}")


def short(text):
    return struct.pack(">B", len(text)) + text.encode()


PROPERTIES = ("content_type", "content_encoding", "headers", "delivery_mode", "priority", "correlation_id", "reply_to", "expiration", "message_id",
              "timestamp", "type", "user_id", "app_id", "cluster_id")


class Amqp:
    """One connection with one channel. A broker's complaint is an exception, and ends the connection."""

    def __init__(self, port, user, password, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.expect(10, 10)
        answer = f"\0{user}\0{password}".encode()
        self.send(0, 10, 11, struct.pack(">I", 0) + short("PLAIN") + struct.pack(">I", len(answer)) + answer + short("en_US"))
        self.expect(10, 30)
        self.send(0, 10, 31, struct.pack(">HIH", 2047, 131072, 0))
        self.send(0, 10, 40, short("/") + short("") + b"\0")
        self.expect(10, 41)
        self.send(1, 20, 10, short(""))
        self.expect(20, 11)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, channel, cls, method, body):
        payload = struct.pack(">HH", cls, method) + body
        self.socket.sendall(struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce")

    def frame(self):
        head = self.file.read(7)
        if len(head) < 7:
            raise Failed("AMQP: the broker hung up")
        kind, _, size = struct.unpack(">BHI", head)
        data = self.file.read(size + 1)
        return kind, Reader(data[:-1])

    def expect(self, *wanted):
        """The next method; `wanted`: its class and the methods that may come."""
        while True:
            kind, r = self.frame()
            if kind != 1:
                continue
            cls, method = r.take("H"), r.take("H")
            if (cls, method) in ((20, 40), (10, 50)):
                code, text = r.take("H"), r.short()
                raise Failed(f"AMQP: {code} {text}")
            if cls == wanted[0] and method in wanted[1:]:
                return method, r

    def count(self, queue):
        """(messages ready, consumers) of a queue that must be there."""
        self.send(1, 50, 10, struct.pack(">H", 0) + short(queue) + b"\x01" + struct.pack(">I", 0))
        r = self.expect(50, 11)[1]
        r.short()
        return r.take("I"), r.take("I")

    def purge(self, queue):
        self.send(1, 50, 30, struct.pack(">H", 0) + short(queue) + b"\0")
        return self.expect(50, 31)[1].take("I")

    def delete(self, queue):
        self.send(1, 50, 40, struct.pack(">H", 0) + short(queue) + b"\0")
        return self.expect(50, 41)[1].take("I")

    def get(self, queue):
        """(properties, body) of the oldest message, which is taken out; None: empty."""
        self.send(1, 60, 70, struct.pack(">H", 0) + short(queue) + b"\x01")
        method, _ = self.expect(60, 71, 72)
        if method == 72:
            return None
        r = self.frame()[1]
        r.take("H"), r.take("H")
        size, flags, properties, body = r.take("Q"), r.take("H"), {}, b""
        for bit, name in enumerate(PROPERTIES):
            if flags & 1 << (15 - bit):
                properties[name] = r.table() if name == "headers" else r.take({"delivery_mode": "B", "priority": "B", "timestamp": "Q"}[name]) \
                    if name in ("delivery_mode", "priority", "timestamp") else r.short()
        while len(body) < size:
            body += self.frame()[1].data
        return properties, body

    def put(self, exchange, key, body, headers=b""):
        """A message with the bytes of a header table, as somebody who means no good might send it."""
        self.send(1, 60, 40, struct.pack(">H", 0) + short(exchange) + short(key) + b"\0")
        flags = (1 << 13 if headers else 0)
        head = struct.pack(">HHQH", 60, 0, len(body), flags) + (struct.pack(">I", len(headers)) + headers if headers else b"")
        self.socket.sendall(struct.pack(">BHI", 2, 1, len(head)) + head + b"\xce")
        if body:
            self.socket.sendall(struct.pack(">BHI", 3, 1, len(body)) + body + b"\xce")
