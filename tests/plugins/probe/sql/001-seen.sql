CREATE TABLE probe_seen (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  id        bigint GENERATED ALWAYS AS IDENTITY,
  sub       text NOT NULL,
  event_id  uuid NOT NULL,
  key       text NOT NULL,
  n         bigint NOT NULL,
  attempt   integer NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT wakala.protect('probe_seen');
