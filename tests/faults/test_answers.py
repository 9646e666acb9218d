"""What clients are told: methods, heads, failures of every kind, streams that fail, clients that leave."""
import http.client
import json
import socket
import unittest

from harness.procs import until

from .small import Case


class Answers(Case):
    def test_head_is_get_without_its_body(self):
        status, body, headers = self.small.request("HEAD", "/probe/hello")
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", "6"))

    def test_unknown_paths_and_methods(self):
        for method in ("GET", "POST", "HEAD"):
            status, body, headers = self.small.request(method, "/nowhere")
            self.assertEqual((status, headers["Content-Type"]), (404, "application/problem+json"))
            self.assertEqual(body, b"" if method == "HEAD" else body)
        status, body, headers = self.small.request("DELETE", "/probe/hello")
        self.assertEqual(status, 405)
        self.assertEqual({m.strip() for m in headers["Allow"].split(",")}, {"GET", "HEAD"})
        self.assertEqual(json.loads(body)["status"], 405)

    def test_a_query_that_cannot_be_decoded_is_refused(self):
        for query in ("ms=%1f", "ms=1&x=%zz", "%00=1", "ms=%", "x=%7F"):
            status, body, _ = self.small.request("GET", f"/probe/sleep?{query}")
            self.assertEqual((status, json.loads(body)["code"]), (400, "http.query"), query)
        for query in ("", "ms=1&x=%C3%BE%09+%0a", "ms=1&&x"):
            self.assertEqual(self.small.request("GET", f"/probe/sleep?{query}")[0], 200, query)

    def test_a_commit_that_fails_is_the_answer(self):
        status, body, headers = self.small.request("POST", f"/probe/{self.small.tenant}/write-fails")
        self.assertEqual((status, json.loads(body)["code"]), (422, "probe.nothing"))
        self.assertEqual(headers["X-Probe-Before"], "set")  # a filter's header stays (CORS, request id) ..
        self.assertNotIn("X-Probe-Route", headers)          # .. the route's goes with its answer
        self.assertEqual(headers["X-Probe-After"], "422")   # and who comes after sees the answer as it is

    def test_filters_see_good_answers_too(self):
        _, _, headers = self.small.request("GET", "/probe/hello")
        self.assertEqual((headers["X-Probe-Before"], headers["X-Probe-After"]), ("set", "200"))

    def kinds(self, key):
        return [row[0] for row in self.small.sql(f"SELECT sub FROM probe_seen WHERE key = '{key}' ORDER BY 1")]

    def test_a_filter_seals_what_is_committed(self):
        path = f"/probe/{self.small.tenant}/apart?key=sealing&sealed=sealing"
        status, _, headers = self.small.request("POST", path)
        self.assertEqual((status, headers["X-Probe-Sealed"]), (200, "/probe/{tenant}/apart 200 5 text/plain"))
        self.assertEqual(self.kinds("sealing"), ["apart", "call", "sealed"])

    def test_a_statement_apart_stands_when_the_call_fails(self):
        self.assertEqual(self.small.request("POST", f"/probe/{self.small.tenant}/apart?key=failing&fail=1&sealed=failing")[0], 422)
        self.assertEqual(self.kinds("failing"), ["apart"])
        self.assertEqual(self.small.sql("SELECT count(*) FROM wakala.audit WHERE object = 'failing'"), [["0"]])

    def test_an_audit_row_goes_with_the_change(self):
        self.assertEqual(self.small.request("POST", f"/probe/{self.small.tenant}/apart?key=audited")[0], 200)
        self.assertEqual(self.small.sql("SELECT tenant_id, subject, role, action, detail, length(trace) FROM wakala.audit WHERE object = 'audited'"),
                         [[self.small.tenant, "-", "-", "probe.apart", '{"n": 1}', "32"]])

    def test_nobodys_tenant_is_404(self):
        status, body, _ = self.small.request("GET", "/probe/11111111-1111-4111-8111-111111111111/counts")
        self.assertEqual((status, json.loads(body)["code"]), (404, "tenant.unknown"))

    def test_a_stream_is_whole_or_cut(self):
        self.assertEqual(self.small.request("GET", "/probe/stream")[:2], (200, b"one\ntwo\nthree\n"))
        with self.assertRaises(http.client.IncompleteRead):
            self.small.request("GET", "/probe/stream?fail=1")
        self.assertEqual(self.small.request("GET", "/probe/hello")[0], 200)

    def test_every_piece_of_a_body_arrives(self):
        for size in (0, 1, 1000, 70000, 3000000):
            body = bytes(i % 251 for i in range(size))
            status, echoed, _ = self.small.request("POST", "/probe/echo", body, timeout=30)
            self.assertEqual((status, len(echoed)), (200, size))
            self.assertEqual(echoed, body)

    def test_pieces_are_not_read_twice(self):
        status, body, _ = self.small.request("POST", "/probe/conflict", b"x" * 1000)
        self.assertEqual((status, json.loads(body)["code"]), (503, "SYSTEM_ERROR"))

    def test_a_client_that_leaves_ends_its_stream(self):
        def fibers():
            return self.small.host.cli("status")
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", self.small.host.port)) as s:
                s.sendall(b"GET /probe/drip HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"200 OK", s.recv(1000))
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # gone with a reset
        until(lambda: self.small.request("GET", "/probe/hello")[0] == 200, 5, "others are served", fibers)
        begin = self.small.host.cli("reload", timeout=60)  # drains: a stream that went on would hold the old generation
        self.assertIn("generation", begin)
        self.small.steady()


if __name__ == "__main__":
    unittest.main()
