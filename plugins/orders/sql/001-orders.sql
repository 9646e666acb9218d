-- Orders: one row per order, its lines, its history, its codes. No foreign keys between them: lines and history are written by the same
-- statement as their order, and a check per line would cost more than the insert; tests/invariants/orders.sql looks for orphans.

-- What people say ("#1042"): per tenant, from 1001. Gaps are allowed: a number is taken when the review is shown, and some people leave.
CREATE TABLE orders_counter (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  name      text NOT NULL,
  value     bigint NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
SELECT wakala.protect('orders_counter');

CREATE TABLE orders_order (
  tenant_id       uuid NOT NULL DEFAULT wakala.tenant_id(),
  id              uuid NOT NULL,
  cart_id         uuid NOT NULL, -- the idempotency anchor: one cart, one order
  number          bigint NOT NULL,
  version         bigint NOT NULL CHECK (version >= 1), -- of the status; equals the last history row
  customer_id     uuid NOT NULL,
  customer_name   text NOT NULL DEFAULT '',
  vendor_id       uuid NOT NULL,
  vendor_name     text NOT NULL DEFAULT '',
  payment_id      uuid,
  status          text NOT NULL CHECK (status IN ('CREATED', 'PAYMENT_PENDING', 'PAID', 'CONFIRMED', 'PREPARING', 'READY_FOR_PICKUP',
                    'ASSIGNED_TO_DRIVER', 'IN_TRANSIT', 'DELIVERED', 'CANCELLED', 'REFUNDED')),
  payment_status  text NOT NULL DEFAULT 'none' CHECK (payment_status IN ('none', 'pending', 'paid', 'partially_refunded', 'refunded', 'failed')),
  delivery_status text NOT NULL DEFAULT 'none' CHECK (delivery_status IN ('none', 'searching', 'assigned', 'in_transit', 'delivered', 'failed')),
  payment_method  text NOT NULL,
  fulfilment      text NOT NULL CHECK (fulfilment IN ('delivery', 'pickup')),
  subtotal        bigint NOT NULL CHECK (subtotal >= 0),
  delivery_fee    bigint NOT NULL CHECK (delivery_fee >= 0),
  tax             bigint NOT NULL CHECK (tax >= 0),
  total           bigint NOT NULL CHECK (total = subtotal + delivery_fee + tax),
  currency        text NOT NULL CHECK (length(currency) = 3),
  exponent        bigint NOT NULL CHECK (exponent BETWEEN 0 AND 4),
  latitude        double precision,
  longitude       double precision,
  distance_m      bigint NOT NULL DEFAULT 0, -- by road, as quoted
  landmark        text NOT NULL DEFAULT '' CHECK (length(landmark) <= 200),
  items           bigint NOT NULL CHECK (items >= 1), -- sum of quantities
  courier         text NOT NULL DEFAULT '', -- who brings it, in words: name, vehicle, plate
  reason          text NOT NULL DEFAULT '', -- of the last move that gave one
  ready_at        timestamptz, -- what the shop promised
  created_at      timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at      timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, cart_id),
  UNIQUE (tenant_id, number)
);
CREATE INDEX orders_order_customer ON orders_order (tenant_id, customer_id) WHERE status NOT IN ('DELIVERED', 'CANCELLED', 'REFUNDED');
CREATE INDEX orders_order_vendor ON orders_order (tenant_id, vendor_id) WHERE status NOT IN ('DELIVERED', 'CANCELLED', 'REFUNDED');
SELECT wakala.protect('orders_order');

CREATE TABLE orders_line (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  order_id   uuid NOT NULL,
  line       bigint NOT NULL,
  variant_id uuid NOT NULL,
  name       text NOT NULL,
  quantity   bigint NOT NULL CHECK (quantity > 0),
  price      bigint NOT NULL CHECK (price >= 0),
  amount     bigint NOT NULL CHECK (amount = price * quantity),
  tax        bigint NOT NULL CHECK (tax >= 0),
  PRIMARY KEY (tenant_id, order_id, line)
);
SELECT wakala.protect('orders_line');

-- Every change of status, never changed itself. version 1 is the birth (previous is '').
CREATE TABLE orders_history (
  tenant_id uuid NOT NULL DEFAULT wakala.tenant_id(),
  order_id  uuid NOT NULL,
  version   bigint NOT NULL,
  previous  text NOT NULL,
  status    text NOT NULL,
  actor     text NOT NULL,
  actor_id  uuid,
  reason    text NOT NULL DEFAULT '',
  trace     text NOT NULL DEFAULT '', -- leads to the message or event that caused it
  at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, order_id, version)
);
SELECT wakala.protect('orders_history');

-- Pickup code and delivery PIN, hashed. The clear text exists only in the message to the one person who may know it.
CREATE TABLE orders_code (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  order_id   uuid NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('pickup', 'delivery')),
  salt       bytea NOT NULL,
  hash       bytea NOT NULL,
  tries_left bigint NOT NULL CHECK (tries_left >= 0),
  made_at    timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, order_id, kind)
);
SELECT wakala.protect('orders_code');
