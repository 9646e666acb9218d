"""The fixed values of demo and tests: public, printed, documented in the README; never those of a real shop."""

APP_SECRET = "demo-app-secret"
VERIFY_TOKEN = "demo-verify-token"
ACCESS_TOKEN = "demo-access-token"

TENANTS = [  # name, phone number ids, WABA
    ("Demo A", ["100000000000001", "110000000000001", "110000000000003"], "210000000000001"),
    ("Demo B", ["100000000000002", "110000000000002"], "210000000000002"),
]
ADDRESS = TENANTS[0][1][0]

PEOPLE = [  # who is who in the demo shop (etc/demo/seed.sql); the customer is not in it: anybody may write
    ("customer", "27820000001", "Amina"),
    ("vendor", "27820000010", "Thandi, Soweto Corner Shop"),
    ("driver", "27820000021", "Sipho, motorbike"),
    ("driver", "27820000022", "Lerato, car"),
]

KIND = "EC " + "PRIVATE KEY"  # not in one piece: no key of anybody's lies in this tree
SIGNING_KEY = (
    f"-----BEGIN {KIND}-----\n"
    "MHcCAQEEIPOwmShp1H7DPEWQbB5ddyPjcRgPfqtov3sdUhGflFK5oAoGCCqGSM49\n"
    "AwEHoUQDQgAEJ8FLNfVo4nJ92Gcjk5omIz/j8+Y+a8uOA+5MNx21EUnVVMCAx8Eu\n"
    "jRzkSY8vF3PSS7BmwTGFCFyWVpP5vlZyow==\n"
    f"-----END {KIND}-----\n")
ADMIN_KEY = "demo-admin-key-demo-admin-key-demo"

# What the configuration reads by env:NAME. The keys are for demo data only.
ENVIRONMENT = {
    "WAKALA_WHATSAPP_APP_SECRET": APP_SECRET,
    "WAKALA_WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
    "WAKALA_WHATSAPP_ACCESS_TOKEN": ACCESS_TOKEN,
    "WAKALA_SECRETS_KEY": "00112233445566778899aabbccddeeff" * 2,
    "WAKALA_AUTH_SIGNING_KEYS": SIGNING_KEY,
    "WAKALA_AUTH_ADMIN_KEY": ADMIN_KEY,
    "WAKALA_CODE_KEY": "demo-code-key-demo-code-key-demo",
}
