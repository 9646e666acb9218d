"""A tenant's secret as the host keeps it (host/tenant/secret.h): nonce, AES-256-GCM, tag. With the system's libcrypto; for tests only."""
import ctypes
import ctypes.util
import os
import uuid

from . import demo_values

KEY = demo_values.ENVIRONMENT["WAKALA_SECRETS_KEY"]
GET_TAG, SET_TAG = 16, 17  # EVP_CTRL_AEAD_GET_TAG, _SET_TAG


def seal(tenant, plugin, name, clear, key_hex=KEY):
    """Sealed bytes for the row (tenant, plugin, name) of wakala.tenant_secret."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p
    context, nonce, out, n = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), os.urandom(12), ctypes.create_string_buffer(len(clear) + 32), ctypes.c_int()
    plugin, name, clear = plugin.encode(), name.encode(), clear.encode()

    def must(result):
        if result != 1:
            raise RuntimeError("libcrypto refused")
    must(crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, bytes.fromhex(key_hex), nonce))
    for part in (uuid.UUID(tenant).bytes + bytes([len(plugin), len(name)]), plugin, name):
        must(crypto.EVP_EncryptUpdate(context, None, ctypes.byref(n), part, len(part)))
    must(crypto.EVP_EncryptUpdate(context, out, ctypes.byref(n), clear, len(clear)))
    sealed = out.raw[:n.value]
    must(crypto.EVP_EncryptFinal_ex(context, out, ctypes.byref(n)))
    must(crypto.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, out))
    crypto.EVP_CIPHER_CTX_free(context)
    return nonce + sealed + out.raw[:16]


def unseal(tenant, plugin, name, sealed, key_hex=KEY):
    """The text of such a row; raises when it does not open."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p
    context, out, n = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), ctypes.create_string_buffer(len(sealed)), ctypes.c_int()
    nonce, body, tag = sealed[:12], sealed[12:-16], sealed[-16:]
    plugin, name = plugin.encode(), name.encode()

    def must(result):
        if result != 1:
            raise RuntimeError("libcrypto refused")
    must(crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, bytes.fromhex(key_hex), nonce))
    for part in (uuid.UUID(tenant).bytes + bytes([len(plugin), len(name)]), plugin, name):
        must(crypto.EVP_DecryptUpdate(context, None, ctypes.byref(n), part, len(part)))
    must(crypto.EVP_DecryptUpdate(context, out, ctypes.byref(n), body, len(body)))
    must(crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, 16, tag))
    must(crypto.EVP_DecryptFinal_ex(context, ctypes.create_string_buffer(32), ctypes.byref(ctypes.c_int())))
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[:n.value].decode()


def insert(tenant, plugin, name, clear):
    """The statement that gives a tenant its own secret."""
    return (f"INSERT INTO wakala.tenant_secret (tenant_id, plugin, key, sealed, key_id) VALUES ('{tenant}', '{plugin}', '{name}', "
            f"'\\x{seal(tenant, plugin, name, clear).hex()}', '1')")
