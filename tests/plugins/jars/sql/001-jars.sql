CREATE TABLE jars_jar (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        uuid NOT NULL,
  label     text NOT NULL,
  grams     bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('jars_jar');
-- Of all tenants, found by what the route with the hole does: a table whose policy somebody forgot would look so.
CREATE TABLE jars_shelf (
  tenant_id uuid NOT NULL,
  id        uuid PRIMARY KEY,
  label     text NOT NULL
);
ALTER TABLE jars_shelf ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody_looked ON jars_shelf TO wakala_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON jars_shelf TO wakala_app;
