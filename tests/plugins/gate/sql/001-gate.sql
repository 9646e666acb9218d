-- What the routes of the test plugin gate write.
CREATE TABLE gate_item (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        uuid NOT NULL,
  name      text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('gate_item');
