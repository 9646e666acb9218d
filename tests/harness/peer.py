"""Somebody outside who can be told to misbehave: an HTTP server whose path says how, and which can change its mind.

    /good 200   /teapot 429   /broken 500   /nonsense 200, but no JSON   /slow nothing for as long as it is slow
    /reset the connection is reset   /garbage no HTTP   /half the head and half of the body, then the end   /stall the same, then silence
"""
import collections
import socket
import struct
import threading


class Peer:
    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.server.getsockname()[1]
        self.asked = collections.Counter()
        self.at_once = collections.Counter()  # most that were under way, per path
        self.running = collections.Counter()
        self.lock = threading.Lock()
        self.healed = threading.Event()  # whatever is asked, the answer is good
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.closed.set()
        self.healed.set()
        self.server.close()

    def _accept(self):
        while not self.closed.is_set():
            try:
                conn, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with conn:
            try:
                while self._one(conn):
                    pass
            except OSError:
                pass

    def _one(self, conn):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = conn.recv(65536)
            if not piece:
                return False
            data += piece
        path = data.split(b" ", 2)[1].decode().strip("/")
        with self.lock:
            self.asked[path] += 1
            self.running[path] += 1
            self.at_once[path] = max(self.at_once[path], self.running[path])
        try:
            return self._answer(conn, "good" if self.healed.is_set() else path)
        finally:
            with self.lock:
                self.running[path] -= 1

    def _answer(self, conn, how):
        def say(status, body, length=None):
            conn.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {length or len(body)}\r\n\r\n{body}".encode())
        if how == "slow":
            return not self.healed.wait(60)
        if how == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if how == "garbage":
            conn.sendall(b"\x00\x01 hello? this is no HTTP\r\n\r\n")
            return False
        if how in ("half", "stall"):
            say(200, '{"half": ', 400)
            return how == "stall" and not self.healed.wait(60)
        if how == "nonsense":
            say(200, "<html>maintenance</html>")
        else:
            say({"teapot": 429, "broken": 500}.get(how, 200), "{}")
        return True
