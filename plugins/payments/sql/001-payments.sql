-- Payments: one per order; attempts with their reference; what gateways and drivers said (append only); the ledger (append only, double entry).

CREATE TABLE payments_payment (
  tenant_id   uuid NOT NULL DEFAULT wakala.tenant_id(),
  id          uuid NOT NULL,
  order_id    uuid NOT NULL,
  attempt_id  uuid NOT NULL, -- the current one
  gateway     text NOT NULL,
  account     text NOT NULL,
  amount      bigint NOT NULL CHECK (amount >= 0),
  currency    text NOT NULL CHECK (length(currency) = 3),
  exponent    bigint NOT NULL CHECK (exponent BETWEEN 0 AND 4),
  -- due: cash that somebody will hand over; pending: a gateway will tell
  status      text NOT NULL CHECK (status IN ('due', 'pending', 'paid', 'collected', 'short', 'over', 'remitted', 'reconciled', 'failed',
                'cancelled', 'refunded')),
  collected   bigint NOT NULL DEFAULT 0 CHECK (collected >= 0), -- money that really came, whatever was due
  refund_due  bigint NOT NULL DEFAULT 0 CHECK (refund_due >= 0 AND refund_due <= collected),
  collector   uuid,  -- whose hand the cash is in
  collect_key text,  -- of the one collection: a second with it changes nothing
  created_at  timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at  timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id)
);
SELECT wakala.protect('payments_payment');

CREATE TABLE payments_attempt (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL,
  payment_id uuid NOT NULL,
  n          bigint NOT NULL CHECK (n >= 1),
  reference  text NOT NULL, -- ours; carries a piece of the tenant and a checksum
  gateway    text NOT NULL,
  account    text NOT NULL,
  amount     bigint NOT NULL, -- frozen: facts are compared with it
  currency   text NOT NULL,
  status     text NOT NULL DEFAULT 'created' CHECK (status IN ('created', 'started', 'unknown', 'rejected', 'settled', 'failed', 'cancelled',
               'expired')),
  gateway_id text,
  reply      text NOT NULL DEFAULT '', -- the link or the words the gateway gave for the buyer
  next       bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  UNIQUE (tenant_id, payment_id, n)
);
CREATE INDEX payments_attempt_gateway_id ON payments_attempt (tenant_id, gateway, gateway_id) WHERE gateway_id IS NOT NULL;
SELECT wakala.protect('payments_attempt');

-- Everything that was said about money, once per key. payment_id NULL: an orphan, kept until somebody finds whose it is.
CREATE TABLE payments_event (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  gateway    text NOT NULL,
  account    text NOT NULL,
  event_key  text NOT NULL,
  payment_id uuid,
  kind       text NOT NULL,
  reference  text NOT NULL DEFAULT '',
  amount     bigint NOT NULL,
  currency   text NOT NULL,
  verdict    text NOT NULL, -- what it changed: applied, ignored, mismatch, orphan
  reason     text NOT NULL DEFAULT '',
  at         timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, gateway, account, event_key)
);
SELECT wakala.protect('payments_event');

CREATE TABLE payments_ledger (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  entry_id   uuid NOT NULL,
  line       bigint NOT NULL,
  account    text NOT NULL, -- buyer:<order>, cash:<user>, gateway:<gateway>:<account>
  amount     bigint NOT NULL CHECK (amount <> 0),
  currency   text NOT NULL,
  payment_id uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, entry_id, line)
);
CREATE INDEX payments_ledger_account ON payments_ledger (tenant_id, account);
SELECT wakala.protect('payments_ledger');

-- What was said and what was booked is never changed, only added to.
CREATE FUNCTION payments_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: it is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_ledger FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_event FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();

-- An entry is written whole by one statement, and its lines sum to zero per currency: so does the ledger, always.
CREATE FUNCTION payments_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh GROUP BY tenant_id, entry_id, currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'a ledger entry does not sum to zero' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER balances AFTER INSERT ON payments_ledger REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION payments_entry_balances();
