-- Orders: parts sum to totals, histories are gapless chains of legal moves, nothing lies about without its order.
WITH legal(f, t) AS (VALUES ('', 'CREATED'), ('CREATED', 'PAYMENT_PENDING'), ('CREATED', 'CANCELLED'), ('PAYMENT_PENDING', 'PAID'),
  ('PAYMENT_PENDING', 'CONFIRMED'), ('PAYMENT_PENDING', 'CANCELLED'), ('PAID', 'CONFIRMED'), ('PAID', 'CANCELLED'), ('CONFIRMED', 'PREPARING'),
  ('CONFIRMED', 'CANCELLED'), ('PREPARING', 'READY_FOR_PICKUP'), ('PREPARING', 'CANCELLED'), ('READY_FOR_PICKUP', 'ASSIGNED_TO_DRIVER'),
  ('READY_FOR_PICKUP', 'DELIVERED'), ('READY_FOR_PICKUP', 'CANCELLED'), ('ASSIGNED_TO_DRIVER', 'IN_TRANSIT'),
  ('ASSIGNED_TO_DRIVER', 'READY_FOR_PICKUP'), ('ASSIGNED_TO_DRIVER', 'CANCELLED'), ('IN_TRANSIT', 'DELIVERED'),
  ('IN_TRANSIT', 'READY_FOR_PICKUP'), ('IN_TRANSIT', 'CANCELLED'), ('CANCELLED', 'REFUNDED'), ('DELIVERED', 'REFUNDED')),
line AS (
  SELECT tenant_id, order_id, sum(amount) AS amount, sum(tax) AS tax, sum(quantity) AS quantity FROM orders_line GROUP BY 1, 2),
history AS (
  SELECT tenant_id, order_id, min(version) AS first, max(version) AS last, count(*) AS n,
         (array_agg(status ORDER BY version DESC))[1] AS status FROM orders_history GROUP BY 1, 2),
chain AS (
  SELECT tenant_id, order_id, version, previous, status, lag(status, 1, '') OVER (PARTITION BY tenant_id, order_id ORDER BY version) AS before
    FROM orders_history)
SELECT 'order #' || o.number || ': ' || o.subtotal || ' + ' || o.delivery_fee || ' + ' || o.tax || ' = ' || o.total || ', its lines say '
       || coalesce(l.amount, 0) || ' and tax ' || coalesce(l.tax, 0) || ' for ' || coalesce(l.quantity, 0) || ' items'
  FROM orders_order o LEFT JOIN line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
 WHERE o.subtotal + o.delivery_fee + o.tax <> o.total OR o.subtotal IS DISTINCT FROM l.amount OR o.tax IS DISTINCT FROM l.tax
    OR o.items IS DISTINCT FROM l.quantity
UNION ALL
SELECT 'order #' || o.number || ': version ' || o.version || ' ' || o.status || ', its history has ' || coalesce(h.n, 0) || ' rows, ' || coalesce(h.first, 0)
       || ' to ' || coalesce(h.last, 0) || ', the last ' || coalesce(h.status, 'missing')
  FROM orders_order o LEFT JOIN history h ON h.tenant_id = o.tenant_id AND h.order_id = o.id
 WHERE h.first IS DISTINCT FROM 1 OR h.last IS DISTINCT FROM o.version OR h.n IS DISTINCT FROM o.version OR h.status IS DISTINCT FROM o.status
UNION ALL
SELECT 'order ' || c.order_id || ' version ' || c.version || ': ' || c.previous || ' to ' || c.status || ' after ' || c.before
  FROM chain c WHERE c.previous <> c.before OR NOT EXISTS (SELECT FROM legal WHERE f = c.previous AND t = c.status)
UNION ALL
SELECT 'lines or history of an order ' || x.order_id || ' that is not there'
  FROM (SELECT tenant_id, order_id FROM orders_line UNION SELECT tenant_id, order_id FROM orders_history
        UNION SELECT tenant_id, order_id FROM orders_code) x
 WHERE NOT EXISTS (SELECT FROM orders_order o WHERE o.tenant_id = x.tenant_id AND o.id = x.order_id)
UNION ALL
SELECT 'order #' || o.number || ' has a number the counter has not given'
  FROM orders_order o LEFT JOIN orders_counter c ON c.tenant_id = o.tenant_id AND c.name = 'order' WHERE o.number > coalesce(c.value, 0);
