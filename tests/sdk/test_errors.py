"""The error catalogue: the page says what the code declares, every row is whole, and the build finds a code that is not there."""
import importlib.util
import json
import os
import re
import shutil
import tempfile
import unittest

from harness.stack import ROOT

from . import errors

STATUS = {"TRANSIENT": {503}, "SYSTEM": {500}, "SECURITY": {401, 403, 404}, "BUSINESS": set(range(400, 430)) | {503}}
BODY_MAX = 1024  # characters that every kind of WhatsApp message takes as its body
TOLD_AS = {"TRANSIENT": "as `SYSTEM_ERROR`", "SYSTEM": "as `SYSTEM_ERROR`", "SECURITY": "as `FORBIDDEN`"}
INTERNALS = re.compile(r"\b(SQL|SELECT|NULL|JSON object|row|table|plugin|worker|fiber|wk_|struct|errno|postgres\w*|redis|null|uuid|tenant|class|lane|stack)\b", re.I)
# Named by the contract: class, status.
FIXED = {
    "catalog.insufficient_stock": ("BUSINESS", 409), "catalog.invalid_product": ("BUSINESS", 422), "order.invalid_transition": ("BUSINESS", 409),
    "payment.gateway_unavailable": ("BUSINESS", 503), "payment.webhook_forged": ("SECURITY", 401), "delivery.offer_gone": ("BUSINESS", 409),
    "delivery.not_your_offer": ("BUSINESS", 404), "delivery.order_gone": ("BUSINESS", 409), "tenant.invalid": ("BUSINESS", 422),
    "limit.exceeded": ("BUSINESS", 429),
}


def checker():
    spec = importlib.util.spec_from_file_location("error_codes", f"{ROOT}/sdk/errors/check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Catalogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.listed = errors.listed()
        cls.rows = list(errors.rows(cls.listed))

    def test_the_page_is_what_the_code_says(self):
        with open(f"{ROOT}/docs/errors.md", encoding="utf-8") as f:
            self.assertTrue(f.read() == errors.page(self.listed), f"docs/errors.md is old; make it again:\n    {errors.REGENERATE}")

    def test_every_row_is_whole(self):
        self.assertGreater(len(self.rows), 200)
        codes = [row[1] for row in self.rows]
        self.assertEqual(sorted(set(codes)), sorted(codes), "a code stands twice")
        for owner, code, cls, status, text, cure in self.rows:
            if code in ("SYSTEM_ERROR", "FORBIDDEN"):
                continue
            with self.subTest(code, owner=owner):
                self.assertRegex(code, r"^[a-z][a-z0-9_-]*(\.[a-z0-9_]+)+$")
                self.assertIn(status, STATUS[cls])
                self.assertTrue(len(cure) > 10 and cure[-1] in ".?", cure)
                if cls != "BUSINESS":
                    self.assertEqual(text, "as `tenant.unknown`" if cls == "SECURITY" and status == 404 else TOLD_AS[cls])

    def test_what_people_read_fits_and_says_nothing_of_the_inside(self):
        for _, code, cls, _, text, _ in self.rows:
            if cls != "BUSINESS" and code not in ("SYSTEM_ERROR", "FORBIDDEN"):
                continue
            text = text.replace(" With what is wrong as `message`.", "")
            with self.subTest(code):
                self.assertTrue(0 < len(text) <= BODY_MAX)
                self.assertRegex(text, r"^[A-Z].*[.a-z]$")
                self.assertIsNone(INTERNALS.search(text.replace("valid JSON", "")), text)
                self.assertNotRegex(text, r"[{}%\n]")

    def test_the_contract_is_kept(self):
        by_code = {row[1]: (row[2], row[3]) for row in self.rows}
        for code, wanted in FIXED.items():
            self.assertEqual(by_code.get(code), wanted, code)
        texts = {row[1]: row[4] for row in self.rows}
        self.assertEqual(texts["SYSTEM_ERROR"], "We're experiencing technical difficulties. Please try again later.")
        self.assertEqual(texts["FORBIDDEN"], "Access denied")

    def test_texts_of_locale_files_belong_to_codes_and_fit(self):
        owners = {(row[0], row[1]) for row in self.rows}
        for path, _, files in os.walk(ROOT):
            if os.path.basename(path) != "locale" or "/build/" in path:
                continue
            owner = os.path.basename(os.path.dirname(path))
            for name in files:
                with open(f"{path}/{name}", encoding="utf-8") as f:
                    texts = json.load(f)
                for key, text in texts.items():
                    if key.startswith("error."):
                        self.assertIn((owner, key[6:]), owners, f"{path}/{name}")
                        self.assertLessEqual(len(text), BODY_MAX, f"{path}/{name}: {key}")


# What somebody may do, and what the check then says. {file} is made anew beside good.c.
GOOD = """
#include <wakala/plugin.h>
static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("shop.closed", 422, "The shop is closed.", "Wait."), WK_ERROR_TRANSIENT("shop.busy", "Wait."), {0}};
bool a(struct wk_err *err, struct wk_err why, bool is_shut)
{
    if (is_shut) /* wk_fail(err, WK_SYSTEM, "shop.only_a_comment", "x") */
        return wk_fail(err, WK_BUSINESS, "shop.closed", "a text with wk_fail( and \\"shop.quoted\\" in it: %s", why.msg);
    if (why.cls == WK_TRANSIENT)
        return wk_fail(err, why.cls, why.code, "%s", why.msg);
    return wk_fail(err, is_shut ? WK_BUSINESS : WK_TRANSIENT, is_shut ? "shop.closed" : "shop.busy", "x") || wk_err_is(&why, "shop.busy");
}
"""
SLIPS = {
    "an unlisted code": ('f(err) { return wk_fail(err, WK_SYSTEM, "shop.unknown", "x"); }', "shop.unknown is in no catalogue"),
    "over two lines": ('f(err) { return wk_fail(err,\n    WK_SYSTEM,\n    "shop.unknown",\n    "x"); }', "slip.c:1: shop.unknown is in no catalogue"),
    "another class": ('f(err) { return wk_fail(err, WK_SYSTEM, "shop.closed", "x"); }', "shop.closed is listed as WK_BUSINESS .* and used as WK_SYSTEM"),
    "one branch": ('f(err) { return wk_fail(err, WK_BUSINESS, x ? "shop.closed" : "shop.open", "x"); }', "shop.open is in no catalogue"),
    "one branch's class": ('f(err) { return wk_fail(err, WK_BUSINESS, x ? "shop.closed" : "shop.busy", "x"); }', "shop.busy is listed as WK_TRANSIENT"),
    "a class from elsewhere": ('f(err) { return wk_fail(err, cls, "shop.closed", "x"); }', "its class is cls, and must be written out"),
    "a code from elsewhere": ('f(err, code) { return wk_fail(err, WK_BUSINESS, code, "x"); }', r"wk_fail\(\) with the code code: say in"),
    "an error that changes its class": ('f(err) { return wk_fail(err, WK_SYSTEM, why.code, "x"); }', "why.code goes on with the class WK_SYSTEM"),
    "queued with another class": ('f(err) { return wk_db_queue(call, &sql, WK_ARGS(wk_id(a), wk_int(1)), 1, "shop.busy", err); }', "used as WK_BUSINESS"),
    "queued and unlisted": ('f(err) { return wk_db_queue(call, &sql, args, n, 1, "shop.lost", err); }', "shop.lost is in no catalogue"),
    "compared and unlisted": ('f(err) { return wk_err_is(err, "shop.clsoed"); }', "shop.clsoed is in no catalogue"),
    "a table": ('static const struct rule rules[] = {{"08", WK_TRANSIENT, "shop.gone"}};', "shop.gone is in no catalogue"),
    "an initialiser": ('struct wk_err e = {.cls = WK_SYSTEM, .code = "shop.closed", .msg = "x"};', "used as WK_SYSTEM"),
    "listed twice": ('static const struct wk_error_type more[] = {WK_ERROR_SYSTEM("shop.busy", "x"), {0}};', "shop.busy is listed twice"),
    "no code": ('f(err) { return wk_fail(err, WK_SYSTEM, "Shop closed", "x"); }', "is no code"),
}


class Build(unittest.TestCase):
    def setUp(self):
        self.check = checker().Check
        self.dir = tempfile.mkdtemp(prefix="wakala-errors-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.write("good.c", GOOD)

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def test_what_is_good_passes(self):
        self.assertEqual(self.check([self.dir], self.dir).run(), [])

    def test_each_slip_is_found(self):
        for name, (text, wanted) in SLIPS.items():
            with self.subTest(name):
                self.write("slip.c", text)
                found = self.check([self.dir], self.dir).run()
                self.assertTrue(any(re.search(wanted, line) for line in found), found)

    def test_the_sources_are_clean_and_nothing_is_listed_in_vain(self):
        self.assertEqual(self.check().run(), [])

    def test_a_row_that_is_taken_away_is_missed(self):
        """Of the real sources: without its row, every used code of the host is named with the place that uses it."""
        check = self.check()
        check.texts["host/plugin/host_errors.c"] = ""
        found = check.run()
        missed = {match.group(1) for line in found for match in [re.search(r": (\S+) is in no catalogue", line)] if match}
        self.assertGreater(len(missed), 100)
        self.assertIn("db.unavailable", missed)

    def test_it_runs_in_every_build(self):
        with open(f"{ROOT}/CMakeLists.txt", encoding="utf-8") as f:
            self.assertRegex(f.read(), r"(?s)sdk/errors/check\.py.*add_custom_target\(error_codes ALL")


if __name__ == "__main__":
    unittest.main()
