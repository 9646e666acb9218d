"""Tokens for test_auth_jwt.c, good and bad, made by the openssl command: new keys at every run, only public ones are kept.

    PYTHONPATH=tests python3 tests/unit/auth/vectors.py > tests/unit/auth/vectors.h
"""
import hashlib
import json
import subprocess
import sys
import tempfile

from harness.tokens import Key, b64, join

NOW = 1800000000
TENANT, USER, SESSION = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
GOOD = {"iss": "them", "aud": "us", "sub": "amina", "tid": TENANT, "role": "staff", "exp": NOW + 600}
OWN = {"iss": "wakala", "aud": "wakala", "sub": USER, "tid": TENANT, "role": "owner", "sid": SESSION, "exp": NOW + 600}


def text(value):
    return json.dumps(value)


def rows(folder):
    rs, es, ed, hs, own = (Key(alg, kid, folder) for alg, kid in (("RS256", "rs"), ("ES256", "es"), ("EdDSA", "ed"), ("HS256", "hs"), ("ES256", "own")))
    other = Key("ES256", "other", folder)
    with open(own.path, "rb") as f:
        own_kid = thumbprint(own.jwk)
        own_pem = f.read().decode()
    public = {"keys": [rs.jwk, es.jwk, ed.jwk, hs.jwk, dict(es.jwk, kid="enc", use="enc"), dict(rs.jwk, kid="rs512", alg="RS512"),
                       {"kty": "oct", "k": b64(b"short"), "kid": "short"}, dict(ed.jwk, kid="")]}
    pem = rs.public_pem()
    confused = Key("HS256", "rs", folder)  # alg confusion: the public key's text as the secret
    confused.secret = pem
    good = [(f"good {key.alg}", key.token(GOOD), "") for key in (rs, es, ed, hs)]
    good += [
        ("good without typ", es.token(GOOD, {"alg": "ES256", "kid": "es"}), ""),
        ("good at+jwt", es.token(GOOD, typ="at+JWT"), ""),
        ("good: audiences", es.token(dict(GOOD, aud=["x", "us"])), ""),
        ("good: expired within the skew", es.token(dict(GOOD, exp=NOW - 59)), ""),
        ("good: not before within the skew", es.token(dict(GOOD, nbf=NOW + 59)), ""),
        ("good: jku, x5u, x5c and jwk are not looked at", es.token(GOOD, jku="https://evil.example/", x5u="https://evil.example/", x5c=["AA"], jwk=other.jwk), ""),
        ("good: our own", own.token(OWN, {"alg": "ES256", "kid": own_kid, "typ": "at+jwt"}), ""),
    ]
    signed = es.token(GOOD)
    head, body, mark = signed.split(".")
    malformed, algorithm, signature, claims = ("auth.token_malformed", "auth.token_algorithm", "auth.token_signature", "auth.token_claims")
    bad = [
        ("alg none, no signature", f"{b64(text({'alg': 'none', 'kid': 'es'}).encode())}.{body}.", malformed),
        ("alg none, some signature", join({"alg": "none", "kid": "es"}, GOOD, lambda _: b"x" * 64), algorithm),
        ("alg NONE", join({"alg": "NONE", "kid": "es"}, GOOD, lambda _: b"x" * 64), algorithm),
        ("no alg", es.token(GOOD, {"kid": "es"}), algorithm),
        ("alg that is a number", es.token(GOOD, {"alg": 1, "kid": "es"}), algorithm),
        ("HS256 with the RSA public key in PEM", confused.token(GOOD), algorithm),
        ("HS256 by the EC key's kid", hs.token(GOOD, {"alg": "HS256", "kid": "es"}), algorithm),
        ("RS256 by the EC key's kid", rs.token(GOOD, {"alg": "RS256", "kid": "es"}), algorithm),
        ("RS512 for an RS256 key", rs.token(GOOD, {"alg": "RS512", "kid": "rs"}), algorithm),
        ("ES384", es.token(GOOD, {"alg": "ES384", "kid": "es"}), algorithm),
        ("expired", es.token(dict(GOOD, exp=NOW - 61)), "auth.token_expired"),
        ("not valid yet", es.token(dict(GOOD, nbf=NOW + 61)), "auth.token_early"),
        ("no exp", es.token({k: v for k, v in GOOD.items() if k != "exp"}), claims),
        ("exp in quotes", es.token(dict(GOOD, exp=str(NOW + 600))), claims),
        ("exp beyond every calendar", es.token(dict(GOOD, exp=1e300)), claims),
        ("exp below zero", es.token(dict(GOOD, exp=-1)), claims),
        ("nbf that is no number", es.token(dict(GOOD, nbf="now")), claims),
        ("another audience", es.token(dict(GOOD, aud="others")), claims),
        ("audiences without ours", es.token(dict(GOOD, aud=["a", "b"])), claims),
        ("no audience", es.token({k: v for k, v in GOOD.items() if k != "aud"}), claims),
        ("another issuer", es.token(dict(GOOD, iss="others")), claims),
        ("issuer in an array", es.token(dict(GOOD, iss=["them"])), claims),
        ("our issuer by their key", es.token(dict(OWN)), claims),
        ("their issuer by our key", own.token(GOOD, {"alg": "ES256", "kid": own_kid}), claims),
        ("ours without a session", own.token({k: v for k, v in OWN.items() if k != "sid"}, {"alg": "ES256", "kid": own_kid}), claims),
        ("no tenant", es.token({k: v for k, v in GOOD.items() if k != "tid"}), claims),
        ("a tenant that is no id", es.token(dict(GOOD, tid="1")), claims),
        ("no subject", es.token(dict(GOOD, sub="")), claims),
        ("a subject of 129 bytes", es.token(dict(GOOD, sub="s" * 129)), claims),
        ("no role", es.token(dict(GOOD, role="")), claims),
        ("a role of 16 bytes", es.token(dict(GOOD, role="r" * 16)), claims),
        ("unknown kid", other.token(GOOD), "auth.token_key"),
        ("no kid", es.token(GOOD, {"alg": "ES256"}), "auth.token_key"),
        ("the kid of a key for encryption", es.token(GOOD, kid="enc"), "auth.token_key"),
        ("the kid of an RS512 key", rs.token(GOOD, kid="rs512"), "auth.token_key"),
        ("the kid of a short secret", hs.token(GOOD, kid="short"), "auth.token_key"),
        ("another key's signature", other.token(GOOD, kid="es"), signature),
        ("another key's signature, its key embedded", other.token(GOOD, kid="es", jwk=other.jwk), signature),
        ("EdDSA of another", Key("EdDSA", "ed", folder).token(GOOD), signature),
        ("HS256 of another", Key("HS256", "hs", folder).token(GOOD), signature),
        ("claims changed", f"{head}.{b64(text(dict(GOOD, role='owner')).encode())}.{mark}", signature),
        ("signature in DER", join({"alg": "ES256", "kid": "es"}, GOOD, lambda _: b"\x30\x44" + b"\x02\x20" + b"\1" * 32 + b"\x02\x20" + b"\2" * 32), signature),
        ("signature of zeros", join({"alg": "ES256", "kid": "es"}, GOOD, lambda _: b"\0" * 64), signature),
        ("signature cut", f"{head}.{body}.{b64(b'x' * 63)}", signature),
        ("EdDSA signature cut", join({"alg": "EdDSA", "kid": "ed"}, GOOD, lambda _: b"x" * 63), signature),
        ("crit", es.token(GOOD, crit=["exp"], exp=NOW), malformed),
        ("b64", es.token(GOOD, b64=False), malformed),
        ("zip", es.token(GOOD, zip="DEF"), malformed),
        ("nested", es.token(signed.encode(), cty="JWT"), malformed),
        ("nested, by name", es.token(GOOD, cty="JWT"), malformed),
        ("encrypted: five parts", ".".join([head, body, mark, body, mark]), malformed),
        ("typ of something else", es.token(GOOD, typ="logout+jwt"), malformed),
        ("giant", es.token(dict(GOOD, x="x" * 8000)), malformed),
        ("a kid without end", es.token(GOOD, kid="k" * 2000), "auth.token_key"),
        ("deep", es.token(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"), malformed),
        ("empty", "", malformed), ("points", "..", malformed), ("one part", head, malformed), ("two parts", f"{head}.{body}", malformed),
        ("no signature", f"{head}.{body}.", malformed), ("no claims", f"{head}..{mark}", malformed), ("no header", f".{body}.{mark}", malformed),
        ("base64 with +", f"{head}.{body}.+{mark[1:]}", malformed), ("base64 with =", f"{signed}==", malformed), ("a blank behind", f"{signed} ", malformed),
        ("a line break behind", f"{signed}\n", malformed), ("a point behind", f"{signed}.", malformed), ("a blank inside", f"{head}. {body}.{mark}", malformed),
        ("one letter more", f"{signed}A", signature),
        ("bits behind the last byte", signed[:-1] + chr(ord(signed[-1]) + 1), malformed),
        ("header that is no JSON", es.token(GOOD, b"{"), malformed), ("header that is an array", es.token(GOOD, b"[]"), malformed),
        ("claims that are no object", es.token(b"1"), malformed), ("claims with something behind", es.token(text(GOOD).encode() + b" x"), malformed),
        ("a member twice in the header", es.token(GOOD, b'{"alg":"none","alg":"ES256","kid":"es"}'), malformed),
        ("a member twice in the claims", es.token(text(GOOD)[:-1].encode() + b',"role":"owner"}'), malformed),
        ("claims in UTF-16", es.token(text(GOOD).encode("utf-16")), malformed), ("a NUL in a claim", es.token(text(dict(GOOD, role="staff\0")).encode()), malformed),
    ]
    return public, own_pem, good + bad


def thumbprint(jwk):
    names = sorted(("crv", "kty", "x", "y"))
    return b64(hashlib.sha256(json.dumps({n: jwk[n] for n in names}, separators=(",", ":")).encode()).digest())


def c_string(value):
    out = []
    for i in range(0, max(len(value), 1), 140):
        piece = value[i:i + 140].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        out.append(f'"{piece}"')
    return "\n     ".join(out)


def main():
    with tempfile.TemporaryDirectory() as folder:
        public, pem, vectors = rows(folder)
    # Its words are taken apart, for no private key lies in this tree in one piece.
    pem = c_string(pem).replace("PRIVATE KEY", 'PRIVATE" " KEY')
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    print(f"/* vectors.h - made by vectors.py with OpenSSL {version}; do not edit. The private key is of this file alone. */\n"
          f"#ifndef AUTH_VECTORS_H\n#define AUTH_VECTORS_H\nenum {{ VECTOR_NOW = {NOW} }};\n"
          f"static const char vector_keys[] =\n     {c_string(json.dumps(public))};\nstatic const char vector_own[] =\n     {pem};\n"
          "static const struct {\n    const char *what, *token, *code; /* \"\": good */\n} vectors[] = {")
    for what, token, code in vectors:
        print(f'    {{"{what}",\n     {c_string(token)},\n     "{code}"}},')
    print("};\n#endif")


if __name__ == "__main__":
    sys.exit(main())
