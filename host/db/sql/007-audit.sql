-- Who changed what: written by the change's own transaction, never changed. tenant_id NULL: the platform's own.

CREATE TABLE wakala.audit (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  tenant_id uuid,
  subject   text NOT NULL, -- user or key id; "-": nobody was signed in
  role      text NOT NULL,
  action    text NOT NULL,
  object    text NOT NULL,
  detail    jsonb,
  trace     text NOT NULL
);
CREATE INDEX audit_tenant ON wakala.audit (tenant_id, id);
ALTER TABLE wakala.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE wakala.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY written ON wakala.audit FOR INSERT TO wakala_app WITH CHECK (tenant_id IS NOT DISTINCT FROM (SELECT wakala.tenant_id()));
CREATE POLICY own ON wakala.audit FOR SELECT TO wakala_app USING (tenant_id = (SELECT wakala.tenant_id()));
CREATE POLICY host ON wakala.audit TO wakala_host USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON wakala.audit TO wakala_app;
GRANT SELECT, INSERT, DELETE ON wakala.audit TO wakala_host;
