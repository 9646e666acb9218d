-- Idempotency keys of who is signed in: the mark of work begun, then the answer, committed with the work itself. Kept for idempotency_ttl.
CREATE TABLE api_once (
  tenant_id   uuid NOT NULL DEFAULT wakala.tenant_id(),
  subject     text NOT NULL,
  key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint text NOT NULL CHECK (length(fingerprint) = 64), -- of the request: method, path, query, body
  token       uuid NOT NULL,         -- the request whose mark it is: only it may write the answer
  lease_until timestamptz NOT NULL,  -- after it another try takes the mark over
  answer      bigint CHECK (answer BETWEEN 200 AND 499), -- its HTTP status; NULL: none yet
  headers     text,
  body        bytea,
  created_at  timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, subject, key),
  CHECK ((answer IS NULL) = (body IS NULL) AND (answer IS NULL) = (headers IS NULL))
);
CREATE INDEX api_once_created ON api_once (tenant_id, created_at);
SELECT wakala.protect('api_once');
