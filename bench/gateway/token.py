"""Tokens as the issuer's: ES256, signed by sign.c."""
import base64
import json
import subprocess
import time
import uuid

from harness.stack import write

from ..bed import Failed, compile_c

ISSUER, AUDIENCE, KID = "https://bench.example", "wakala", "bench-1"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    def __init__(self, folder):
        self.key, self.public, self.jwks = f"{folder}/key.pem", f"{folder}/public.pem", f"{folder}/jwks.json"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key], check=True)
        subprocess.run(["openssl", "ec", "-in", self.key, "-pubout", "-out", self.public], check=True, stderr=subprocess.DEVNULL)
        with open(self.key, encoding="ascii") as f:
            self.pem = f.read()
        point = subprocess.run(["openssl", "ec", "-in", self.key, "-pubout", "-outform", "DER"], check=True, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL).stdout[-64:]
        write(self.jwks, json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KID, "x": b64(point[:32]), "y": b64(point[32:])}]}))

    def tokens(self, tenants, role="staff"):
        """One for each tenant id."""
        now, head = int(time.time()), b64(json.dumps({"alg": "ES256", "typ": "JWT", "kid": KID}).encode())
        lines = "".join(f"{head}.{b64(json.dumps({'iss': ISSUER, 'aud': AUDIENCE, 'sub': str(uuid.uuid4()), 'tid': tenant, 'role': role, 'iat': now, 'exp': now + 3600}).encode())}\n"
                        for tenant in tenants)
        done = subprocess.run([compile_c("sign", ["bench/gateway/sign.c"], packages=("libcrypto",)), self.key], input=lines, stdout=subprocess.PIPE, text=True, check=True)
        tokens = done.stdout.split()
        if len(tokens) != len(tenants):
            raise Failed(f"sign made {len(tokens)} of {len(tenants)} tokens")
        return tokens
