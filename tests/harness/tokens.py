"""Tokens and keys made by another implementation than the one that is tested: the openssl command and the standard library.

    key = Key("ES256", "kid-1", folder)
    key.token({"iss": ...})          a JWT;  key.jwk  its public JWK
"""
import base64
import hashlib
import hmac
import json
import os
import subprocess


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*args, stdin=b""):
    done = subprocess.run(["openssl", *args], input=stdin, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(args)}: {done.stderr.decode()}")
    return done.stdout


def raw_signature(der):
    """r and s of 32 bytes each, from DER: SEQUENCE of two INTEGERs."""
    at, parts = 2, []
    for _ in range(2):
        n = der[at + 1]
        parts.append(der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + n
    return b"".join(parts)


def join(header, claims, sign):
    """A token of a header and claims (dict, or bytes as they are)."""
    parts = [b64(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, claims)]
    signed = ".".join(parts)
    return f"{signed}.{b64(sign(signed.encode()))}"


class Key:
    MAKE = {"ES256": ["ecparam", "-name", "prime256v1", "-genkey", "-noout"], "RS256": ["genrsa", "2048"], "EdDSA": ["genpkey", "-algorithm", "ed25519"]}

    def __init__(self, alg, kid, folder, pem=None):
        self.alg, self.kid, self.path = alg, kid, f"{folder}/{kid}.pem"
        if alg == "HS256":
            self.secret = os.urandom(32)
            self.jwk = {"kty": "oct", "k": b64(self.secret)}
        else:
            self.pem = pem or openssl(*self.MAKE[alg])
            with open(os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as f:
                f.write(self.pem)
            self.jwk = self.public()
        self.jwk.update(kid=kid, alg=alg, use="sig")

    def public(self):
        der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.alg == "ES256":
            return {"kty": "EC", "crv": "P-256", "x": b64(der[-64:-32]), "y": b64(der[-32:])}
        if self.alg == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(der[-32:])}
        modulus = openssl("rsa", "-in", self.path, "-modulus", "-noout").decode().strip().partition("=")[2]
        return {"kty": "RSA", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}

    def public_pem(self):
        return openssl("pkey", "-in", self.path, "-pubout")

    def sign(self, text):
        if self.alg == "HS256":
            return hmac.new(self.secret, text, hashlib.sha256).digest()
        if self.alg == "EdDSA":
            with open(self.path + ".in", "wb") as f:  # pkeyutl -rawin wants to know the length
                f.write(text)
            return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", self.path + ".in")
        der = openssl("dgst", "-sha256", "-sign", self.path, stdin=text)
        return raw_signature(der) if self.alg == "ES256" else der

    def token(self, claims, header=None, **more):
        header = {"alg": self.alg, "kid": self.kid, "typ": "JWT"} if header is None else header
        return join(header if isinstance(header, bytes) else dict(header, **more), claims, self.sign)


__all__ = ["Key", "b64", "unb64", "join", "openssl"]
