-- What people wrote while their shop was suspended: nobody answered it, so a person is to look. Kept for 30 days.
CREATE TABLE tenants_missed (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL, -- UUIDv7: in order of arrival
  at         timestamptz NOT NULL DEFAULT wakala.now(),
  said_at    timestamptz NOT NULL, -- by the channel's clock
  channel    text NOT NULL,
  address    text NOT NULL,
  user_key   text NOT NULL,
  name       text NOT NULL DEFAULT '',
  text       text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX tenants_missed_at ON tenants_missed (tenant_id, at);
SELECT wakala.protect('tenants_missed');
-- Who was told so, on which day of the tenant's.
CREATE TABLE tenants_notice (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  user_key  text NOT NULL,
  day       date NOT NULL,
  PRIMARY KEY (tenant_id, day, user_key)
);
SELECT wakala.protect('tenants_notice');
