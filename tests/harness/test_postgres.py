"""The private PostgreSQL: acknowledged means kept, also after kill -9; nothing is left behind."""
import os
import tempfile
import unittest

from harness import procs
from harness.postgres import Postgres, SqlError


class Server(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="wakala-test-")
        os.chmod(self.folder, 0o755)
        self.server = Postgres(f"{self.folder}/pg")
        self.server.start()

    def tearDown(self):
        self.server.remove()
        os.rmdir(self.folder)

    def test_life(self):
        server = self.server
        server.sql("CREATE TABLE t (x int, y text)")
        server.sql("INSERT INTO t VALUES (1, 'a,\"b\"'), (2, NULL)")
        pids = server.pids()
        server.kill()
        self.assertFalse([pid for pid in pids if procs.is_alive(pid)])
        server.start()
        self.assertEqual(server.sql("SELECT * FROM t ORDER BY x"), [["1", 'a,"b"'], ["2", ""]])
        self.assertEqual(server.value("SELECT count(*) FROM t"), "2")
        with self.assertRaises(SqlError) as caught:
            server.sql("SELECT nonsense")
        self.assertIn("nonsense", str(caught.exception))
        server.create_database("copy", "postgres")
        self.assertEqual(server.value("SELECT count(*) FROM t", "copy"), "2")
        server.drop_database("copy")
        self.assertFalse(server.has_database("copy"))
        second = Postgres(server.dir)
        with self.assertRaises(procs.Failed) as caught:
            second.start()
        self.assertIn("already runs as process", str(caught.exception))

    def test_long_paths_get_a_short_socket(self):
        deep = Postgres(f"{self.folder}/{'x' * 100}")
        try:
            deep.start()
            self.assertEqual(deep.value("SELECT 1"), "1")
            self.assertLess(len(deep.socket_dir), 60)
        finally:
            deep.remove()


if __name__ == "__main__":
    unittest.main()
