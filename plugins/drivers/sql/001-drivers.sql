-- Drivers: who delivers, the search for a driver per order, offers, deliveries. The row of drivers_dispatch is the lock of one order's search:
-- every transaction takes rows in this order: the order (orders plugin), drivers_dispatch, drivers_offer, drivers_delivery, drivers_driver.

CREATE TABLE drivers_driver (
  tenant_id    uuid NOT NULL DEFAULT wakala.tenant_id(),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id      uuid NOT NULL,
  name         text NOT NULL,
  vehicle      text NOT NULL DEFAULT 'motorbike',
  plate        text NOT NULL DEFAULT '',
  status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'blocked')),
  online       boolean NOT NULL DEFAULT false,
  latitude     double precision,
  longitude    double precision,
  position_at  timestamptz,
  active_jobs  bigint NOT NULL DEFAULT 0 CHECK (active_jobs >= 0), -- equals the live deliveries: tests/invariants
  max_jobs     bigint NOT NULL DEFAULT 2 CHECK (max_jobs BETWEEN 1 AND 100),
  idle_since   timestamptz NOT NULL DEFAULT wakala.now(),
  cash_held    bigint NOT NULL DEFAULT 0, -- taken from customers and not handed in yet, minor units
  -- what the performance part of the score is made of
  answered     bigint NOT NULL DEFAULT 0, -- offers accepted or declined
  accepted     bigint NOT NULL DEFAULT 0,
  completed    bigint NOT NULL DEFAULT 0,
  on_time      bigint NOT NULL DEFAULT 0,
  gave_back    bigint NOT NULL DEFAULT 0,
  rating_sum   bigint NOT NULL DEFAULT 0, -- stars 1..5
  rating_count bigint NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, user_id)
);
-- The search looks into a box of latitudes and longitudes: plain comparisons keep their index under row-level security.
CREATE INDEX drivers_driver_place ON drivers_driver (tenant_id, latitude, longitude) WHERE online AND status = 'approved';
SELECT wakala.protect('drivers_driver');

-- Sums over a tenant's drivers, at most an hour old: what a new driver is taken for until there is a record of his own.
CREATE TABLE drivers_mean (
  tenant_id    uuid NOT NULL DEFAULT wakala.tenant_id(),
  name         text NOT NULL,
  answered     bigint NOT NULL,
  accepted     bigint NOT NULL,
  completed    bigint NOT NULL,
  on_time      bigint NOT NULL,
  rating_sum   bigint NOT NULL,
  rating_count bigint NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, name)
);
SELECT wakala.protect('drivers_mean');

-- One row per order that needs a driver; facts of the order as they were when the search began.
CREATE TABLE drivers_dispatch (
  tenant_id      uuid NOT NULL DEFAULT wakala.tenant_id(),
  order_id       uuid NOT NULL,
  number         bigint NOT NULL,
  vendor_id      uuid NOT NULL,
  vendor_name    text NOT NULL,
  vendor_address text NOT NULL DEFAULT '',
  customer_id    uuid NOT NULL,
  customer_name  text NOT NULL DEFAULT '',
  latitude       double precision NOT NULL, -- the shop
  longitude      double precision NOT NULL,
  to_latitude    double precision NOT NULL,
  to_longitude   double precision NOT NULL,
  landmark       text NOT NULL DEFAULT '',
  trip_m         bigint NOT NULL, -- shop to customer by road
  cash_due       bigint NOT NULL, -- 0: nothing to collect
  search         bigint NOT NULL DEFAULT 1, -- grows when the search begins again
  round          bigint NOT NULL DEFAULT 1, -- grows with every round, over all searches; only the current one's offers are valid
  tries          bigint NOT NULL DEFAULT 1, -- rounds of this search
  status         text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'ASSIGNED', 'EXHAUSTED', 'CLOSED')),
  updated_at     timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, order_id)
);
CREATE INDEX drivers_dispatch_exhausted ON drivers_dispatch (tenant_id, latitude, longitude) WHERE status = 'EXHAUSTED';
SELECT wakala.protect('drivers_dispatch');

CREATE TABLE drivers_offer (
  tenant_id         uuid NOT NULL DEFAULT wakala.tenant_id(),
  id                uuid NOT NULL,
  order_id          uuid NOT NULL,
  driver_id         uuid NOT NULL,
  search            bigint NOT NULL,
  round             bigint NOT NULL,
  distance_m        bigint NOT NULL,
  -- the four parts and their sum, kept so that a driver or an admin can be told why
  distance_part     double precision NOT NULL,
  availability_part double precision NOT NULL,
  performance_part  double precision NOT NULL,
  cost_part         double precision NOT NULL,
  score             double precision NOT NULL,
  fee               bigint NOT NULL CHECK (fee >= 0),
  status            text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'WITHDRAWN', 'REJECTED',
                      'GIVEN_BACK')),
  made_at           timestamptz NOT NULL DEFAULT wakala.now(),
  expires_at        timestamptz NOT NULL,
  answered_at       timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id, driver_id, round)
);
CREATE INDEX drivers_offer_pending ON drivers_offer (tenant_id, driver_id) WHERE status = 'PENDING';
SELECT wakala.protect('drivers_offer');

CREATE TABLE drivers_delivery (
  tenant_id      uuid NOT NULL DEFAULT wakala.tenant_id(),
  id             uuid NOT NULL,
  order_id       uuid NOT NULL,
  driver_id      uuid NOT NULL,
  status         text NOT NULL DEFAULT 'ASSIGNED' CHECK (status IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED', 'DELIVERED', 'FAILED')),
  fee            bigint NOT NULL CHECK (fee >= 0),
  cash_due       bigint NOT NULL CHECK (cash_due >= 0),
  cash_collected bigint, -- NULL: not taken yet
  due_at         timestamptz NOT NULL, -- later than this is not on time
  reason         text NOT NULL DEFAULT '',
  assigned_at    timestamptz NOT NULL DEFAULT wakala.now(),
  picked_up_at   timestamptz,
  ended_at       timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX drivers_delivery_live ON drivers_delivery (tenant_id, order_id)
  WHERE status IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED');
CREATE INDEX drivers_delivery_order ON drivers_delivery (tenant_id, order_id);
CREATE INDEX drivers_delivery_driver ON drivers_delivery (tenant_id, driver_id, assigned_at);
SELECT wakala.protect('drivers_delivery');
