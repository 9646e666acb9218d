-- Kinds of alerts (service and error) of a tenant: when one was told last, and how many came since.
CREATE TABLE notifications_alert (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  kind      text NOT NULL CHECK (length(kind) = 16), -- hash of service and error
  service   text NOT NULL,
  error     text NOT NULL,
  severity  text NOT NULL,
  told_at   timestamptz NOT NULL,
  pending   bigint NOT NULL CHECK (pending >= 0),
  PRIMARY KEY (tenant_id, kind)
);
CREATE INDEX notifications_alert_told ON notifications_alert (tenant_id, told_at) WHERE pending = 0;
SELECT wakala.protect('notifications_alert');
