CREATE TABLE probe_kept (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  k         text NOT NULL,
  n         integer NOT NULL,
  PRIMARY KEY (tenant_id, k)
);
SELECT wakala.protect('probe_kept');
