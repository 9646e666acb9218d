"""A wire between two programs that a test can cut: a port that passes connections on to another one."""
import select
import socket
import threading


class Wire:
    """Connections to self.port go to `target`. cut(): all of them end now, new ones are taken. down(): new ones are refused too, until up()."""

    def __init__(self, target):
        self.target, self.pairs, self.lock, self.is_down, self.is_over = target, {}, threading.Lock(), False, False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.cuts = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def accept(self):
        try:
            ours, _ = self.listener.accept()
            theirs = socket.create_connection(("127.0.0.1", self.target), 2) if not self.is_down else None
        except OSError:
            theirs = None
        if not theirs:
            ours.close()
            return
        for s in (ours, theirs):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.pairs[ours], self.pairs[theirs] = theirs, ours

    def end(self, s):
        with self.lock:
            other = self.pairs.pop(s, None)
            self.pairs.pop(other, None)
        for one in (s, other):
            if one:
                one.close()

    def run(self):
        while not self.is_over:
            with self.lock:
                socks = list(self.pairs)
            try:
                ready, _, _ = select.select([self.listener] + socks, [], [], 0.2)
            except (OSError, ValueError):  # one was cut meanwhile
                continue
            for s in ready:
                if s is self.listener:
                    self.accept()
                    continue
                other = self.pairs.get(s)
                try:
                    data = s.recv(65536) if other else b""
                    if data:
                        other.sendall(data)
                        continue
                except (OSError, ValueError):
                    pass
                self.end(s)

    def cut(self):
        self.cuts += 1
        with self.lock:
            socks, self.pairs = list(self.pairs), {}
        for s in socks:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def down(self):
        self.is_down = True
        self.cut()

    def up(self):
        self.is_down = False

    def stop(self):
        self.is_over = True
        self.thread.join(5)
        self.cut()
        self.listener.close()
