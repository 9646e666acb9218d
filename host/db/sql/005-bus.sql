-- How far the relay of a bus has come in each class: everything of it up to here its broker has confirmed. docs/design/bus.md.

CREATE TABLE wakala.bus (
  name        text NOT NULL, -- the plugin that provides bus/1
  class       smallint NOT NULL,
  xid         xid8 NOT NULL,
  seq         bigint NOT NULL,
  is_carrying boolean NOT NULL, -- nothing has waited long to be confirmed
  at          timestamptz NOT NULL,
  PRIMARY KEY (name, class)
) WITH (fillfactor = 50);
-- The last event of each class and lane among them, written in the same transaction.
CREATE TABLE wakala.bus_lane (
  name  text NOT NULL,
  class smallint NOT NULL,
  lane  smallint NOT NULL,
  xid   xid8 NOT NULL,
  seq   bigint NOT NULL,
  PRIMARY KEY (name, class, lane)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON wakala.bus, wakala.bus_lane TO wakala_host;
