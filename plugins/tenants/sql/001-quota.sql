-- What a tenant uses of what it may have: one row per quota and period ('' where it does not begin anew), changed by the write that counts.
CREATE TABLE tenants_quota (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  quota     text NOT NULL CHECK (quota IN ('products', 'orders', 'users')),
  period    text NOT NULL,
  used      bigint NOT NULL CHECK (used >= 0),
  PRIMARY KEY (tenant_id, quota, period)
) WITH (fillfactor = 50);
SELECT wakala.protect('tenants_quota');
