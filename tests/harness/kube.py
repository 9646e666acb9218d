"""A stand-in for the Kubernetes API: server-side apply with owners of fields, lists in pages, preconditions, over TLS with a token; and the ways in
which the real one fails. Custom resources only, as the mesh needs them: their lists are atomic, so a list is one field.

    with Kube(folder, kinds) as kube:
        kube.fail("429", 3)
        kube.edit("virtualservices", "wakala", {"spec": {"hosts": ["*.other"]}}, manager="kubectl-edit")
        kube.objects()      {(plural, name): object without what only the server writes}
"""
import base64
import copy
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid

from . import procs

SERVER_FIELDS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
PATH = re.compile(r"^/apis/([^/]+)/([^/]+)/namespaces/([^/]+)/([^/?]+)(?:/([^/?]+))?$")


def leaves(value, at=()):
    """The fields of an object: paths to what is no object. A list is one field."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, (*at, key))
    else:
        yield at, value


def owned(body):
    return {path: value for path, value in leaves(body)
            if path not in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))}


def put(target, path, value):
    for key in path[:-1]:
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[path[-1]] = value


def take(target, path):
    for key in path[:-1]:
        target = target.get(key, {})
    target.pop(path[-1], None)


def get(target, path):
    for key in path:
        if not isinstance(target, dict) or key not in target:
            return None
        target = target[key]
    return target


class Refused(Exception):
    def __init__(self, status, reason, message, causes=(), headers=()):
        super().__init__(message)
        self.status, self.headers = status, dict(headers)
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": status,
                     "details": {"causes": list(causes)}}


class Kube:
    """`kinds`: {plural: (apiVersion, kind)}. `check`: called with each object before it is stored; what it raises is a 422."""

    def __init__(self, folder, kinds, namespace="wakala", check=None):
        self.folder, self.kinds, self.namespace, self.check = folder, kinds, namespace, check
        self.store, self.version, self.faults, self.log = {}, 100, [], []
        self.marks = {}     # continue token: (plural, what is left)
        self.lock = threading.RLock()
        self.token = "first-token"
        self.port = procs.free_ports(1)[0]
        self.server = self.thread = None
        self.ca, self.token_file = f"{folder}/kube-ca.pem", f"{folder}/kube-token"
        self.hold = None    # an Event: requests wait for it
        self.waiting = []   # the clients' ports of those that did

    # life

    def __enter__(self):
        self.make_certificates()
        self.rotate(self.token)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def make_certificates(self):
        base = f"{self.folder}/kube"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{base}-ca.key",
                        "-out", self.ca, "-days", "2", "-subj", "/CN=kube-ca"], **quiet)
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{base}.key",
                        "-out", f"{base}.csr", "-subj", "/CN=localhost"], **quiet)
        with open(f"{base}.ext", "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        subprocess.run(["openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", self.ca, "-CAkey", f"{base}-ca.key", "-CAcreateserial", "-days", "2",
                        "-extfile", f"{base}.ext", "-out", f"{base}.crt"], **quiet)
        os.chmod(self.ca, 0o644)

    def rotate(self, token):
        """As the kubelet does: a new file in the place of the old one."""
        self.token = token
        with open(f"{self.token_file}.new", "w", encoding="ascii") as f:
            f.write(token + "\n")
        procs.own(f"{self.token_file}.new")
        os.chmod(f"{self.token_file}.new", 0o600)
        os.replace(f"{self.token_file}.new", self.token_file)

    def start(self):
        kube = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, *_):
                pass

            def handle_any(self):
                kube.handle(self)
            do_GET = do_PATCH = do_DELETE = do_POST = do_PUT = handle_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that is killed, a connection that we cut

        self.server = Server(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/kube.crt", f"{self.folder}/kube.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join(5)
            self.server = None

    def lose_everything(self):
        """The cluster was restored from before we came."""
        with self.lock:
            self.store.clear()
            self.marks.clear()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    # what tests do

    def fail(self, how, count=1, method=None):
        """The next requests (of a method): "429" with Retry-After, "500", "lost" (done, then no answer), "cut" (not done, no answer), "401", "garbage"."""
        with self.lock:
            self.faults += [(how, method)] * count

    def expire_pages(self, count=1):
        with self.lock:
            self.faults += [("410", "page")] * count

    def edit(self, plural, name, change, manager="kubectl-edit"):
        """Somebody else sets fields."""
        with self.lock:
            thing = self.store[(plural, name)]
            for path, value in leaves(change):
                put(thing["object"], path, value)
                for owner, fields in thing["owners"].items():
                    if owner != manager:
                        fields.pop(path, None)
                thing["owners"].setdefault(manager, {})[path] = value
            self.touch(thing)

    def create(self, plural, name, body, manager="kubectl"):
        api, kind = self.kinds[plural]
        with self.lock:
            self.apply(plural, name, dict(body, apiVersion=api, kind=kind, metadata=dict(body.get("metadata", {}), name=name, namespace=self.namespace)),
                       manager, False)

    def objects(self):
        with self.lock:
            out = {}
            for key, thing in self.store.items():
                bare = copy.deepcopy(thing["object"])
                for field in SERVER_FIELDS:
                    bare["metadata"].pop(field, None)
                out[key] = bare
            return out

    def owners(self, plural, name):
        with self.lock:
            return {manager: sorted(".".join(path) for path in fields) for manager, fields in self.store[(plural, name)]["owners"].items() if fields}

    def count(self, method, since=0):
        with self.lock:
            return sum(1 for entry in self.log[since:] if entry[0] == method)

    # what the API does

    def touch(self, thing):
        self.version += 1
        meta = thing["object"]["metadata"]
        meta["resourceVersion"] = str(self.version)
        meta["generation"] = meta.get("generation", 0) + 1
        meta["managedFields"] = [{"manager": manager, "operation": "Apply"} for manager, fields in thing["owners"].items() if fields]

    def apply(self, plural, name, body, manager, force):
        fields = owned(body)
        thing = self.store.get((plural, name))
        if body.get("metadata", {}).get("name") != name or body.get("metadata", {}).get("namespace") != self.namespace:
            raise Refused(400, "BadRequest", "the name of the object does not match the name of the URL")
        if (body.get("apiVersion"), body.get("kind")) != self.kinds[plural]:
            raise Refused(400, "BadRequest", "apiVersion and kind do not match the URL")
        if self.check:
            try:
                self.check(body)
            except Exception as wrong:
                raise Refused(422, "Invalid", str(wrong)) from wrong
        if not thing:
            thing = {"object": {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {
                "name": name, "namespace": self.namespace, "uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z"}}, "owners": {}}
            is_new = True
        else:
            is_new = False
        causes = [{"reason": "FieldManagerConflict", "message": f'conflict with "{other}"', "field": "." + ".".join(path)}
                  for other, theirs in thing["owners"].items() if other != manager for path in theirs
                  if path in fields and get(thing["object"], path) != fields[path]]
        if causes and not force:
            raise Refused(409, "Conflict", f"Apply failed with {len(causes)} conflict: {causes[0]['message']}: {causes[0]['field']}", causes)
        before = copy.deepcopy(thing)
        for path in set(thing["owners"].get(manager, {})) - set(fields):
            if not any(path in theirs for other, theirs in thing["owners"].items() if other != manager):
                take(thing["object"], path)
        for path, value in fields.items():
            for other, theirs in thing["owners"].items():
                if other != manager and path in theirs and get(thing["object"], path) != value:
                    del theirs[path]
            put(thing["object"], path, copy.deepcopy(value))
        thing["owners"][manager] = fields
        if is_new or before["object"] != thing["object"] or before["owners"] != thing["owners"]:
            self.touch(thing)
        self.store[(plural, name)] = thing
        return 201 if is_new else 200, thing["object"]

    def list(self, plural, query):
        wanted = dict(part.split("=", 1) for part in query.get("labelSelector", [""])[0].split(",") if part)
        limit, mark = int(query.get("limit", ["0"])[0]), query.get("continue", [""])[0]
        if mark:
            if any(fault == ("410", "page") for fault in self.faults):
                self.faults.remove(("410", "page"))
                raise Refused(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
            if mark not in self.marks:
                raise Refused(410, "Expired", "unknown continue parameter")
            left = self.marks.pop(mark)
        else:
            left = sorted(name for kind, name in self.store if kind == plural and all(
                self.store[(kind, name)]["object"]["metadata"].get("labels", {}).get(k) == v for k, v in wanted.items()))
        page, rest = (left[:limit], left[limit:]) if limit else (left, [])
        meta = {"resourceVersion": str(self.version)}
        if rest:
            meta["continue"] = base64.b64encode(json.dumps([plural, self.version, rest[0]]).encode()).decode()
            meta["remainingItemCount"] = len(rest)
            self.marks[meta["continue"]] = rest
        return 200, {"apiVersion": self.kinds[plural][0], "kind": self.kinds[plural][1] + "List", "metadata": meta,
                     "items": [self.store[(plural, name)]["object"] for name in page if (plural, name) in self.store]}

    def delete(self, plural, name, options):
        thing = self.store.get((plural, name))
        if not thing:
            raise Refused(404, "NotFound", f'{plural} "{name}" not found')
        uid = options.get("preconditions", {}).get("uid")
        if uid and uid != thing["object"]["metadata"]["uid"]:
            raise Refused(409, "Conflict", "Precondition failed: UID in precondition")
        del self.store[(plural, name)]
        return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def act(self, method, url, body, kind_of_body):
        match = PATH.match(url.path)
        query = urllib.parse.parse_qs(url.query)
        plural, name = (match.group(4), match.group(5)) if match else (None, None)
        if not match or plural not in self.kinds or self.kinds[plural][0] != f"{match.group(1)}/{match.group(2)}":
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if match.group(3) != self.namespace:
            raise Refused(403, "Forbidden", f"cannot {method} in the namespace {match.group(3)}")
        if method == "GET" and not name:
            return self.list(plural, query)
        if method == "GET":
            if (plural, name) not in self.store:
                raise Refused(404, "NotFound", f'{plural} "{name}" not found')
            return 200, self.store[(plural, name)]["object"]
        if method == "PATCH":
            if kind_of_body != "application/apply-patch+yaml":
                raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {kind_of_body}")
            if "fieldManager" not in query:
                raise Refused(422, "Invalid", "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
            return self.apply(plural, name, json.loads(body), query["fieldManager"][0], query.get("force", ["false"])[0] == "true")
        if method == "DELETE":
            return self.delete(plural, name, json.loads(body or b"{}"))
        raise Refused(405, "MethodNotAllowed", method)

    def fault_of(self, method):
        for i, (how, which) in enumerate(self.faults):
            if which in (None, method):
                del self.faults[i]
                return how
        return None

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        hold = self.hold
        if hold:
            self.waiting.append(handler.client_address[1])
            hold.wait(20)
        with self.lock:
            how = self.fault_of(handler.command)
            url = urllib.parse.urlsplit(handler.path)
            status, answer, extra = 0, None, {}
            try:
                if how == "429":
                    raise Refused(429, "TooManyRequests", "too many requests, please try again later", headers={"Retry-After": "1"})
                if how == "500":
                    raise Refused(500, "InternalError", "etcdserver: request timed out")
                if how == "401" or handler.headers.get("Authorization") != f"Bearer {self.token}":
                    raise Refused(401, "Unauthorized", "Unauthorized")
                if how != "cut":
                    status, answer = self.act(handler.command, url, body, handler.headers.get("Content-Type"))
            except Refused as no:
                status, answer, extra = no.status, no.body, no.headers
            self.log.append((handler.command, url.path, url.query, status, how, time.monotonic()))
        if how in ("lost", "cut"):
            handler.close_connection = True
            handler.connection.close()
            return
        data = b"<html>not JSON</html>" if how == "garbage" else json.dumps(answer).encode()
        headers = dict(extra, **{"Content-Type": "application/json", "Content-Length": str(len(data))})
        head = f"HTTP/1.1 {status} {http.client.responses[status]}\r\n" + "".join(f"{key}: {value}\r\n" for key, value in headers.items()) + "\r\n"
        handler.wfile.write(head.encode() + data)  # in one go: the second of two small writes would wait for an acknowledgement
