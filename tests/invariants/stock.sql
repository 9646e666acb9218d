-- Stock: counters = ledger = reservations, and every order holds what its state says.
WITH ledger AS (
  SELECT tenant_id, variant_id, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved FROM catalog_movement GROUP BY 1, 2),
active AS (
  SELECT tenant_id, variant_id, sum(quantity) AS quantity FROM catalog_reservation WHERE status = 'active' GROUP BY 1, 2),
line AS (
  SELECT o.tenant_id, o.id, o.number, o.status, l.variant_id, sum(l.quantity) AS quantity
    FROM orders_order o JOIN orders_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id GROUP BY 1, 2, 3, 4, 5)
SELECT 'variant ' || v.id || ': on_hand ' || v.on_hand || ' but the ledger says ' || coalesce(l.on_hand, 0)
  FROM catalog_variant v LEFT JOIN ledger l ON l.tenant_id = v.tenant_id AND l.variant_id = v.id
 WHERE v.on_hand <> coalesce(l.on_hand, 0)
UNION ALL
SELECT 'variant ' || v.id || ': reserved ' || v.reserved || ' but the ledger says ' || coalesce(l.reserved, 0)
  FROM catalog_variant v LEFT JOIN ledger l ON l.tenant_id = v.tenant_id AND l.variant_id = v.id
 WHERE v.reserved <> coalesce(l.reserved, 0)
UNION ALL
SELECT 'variant ' || v.id || ': reserved ' || v.reserved || ' but active reservations sum to ' || coalesce(a.quantity, 0)
  FROM catalog_variant v LEFT JOIN active a ON a.tenant_id = v.tenant_id AND a.variant_id = v.id
 WHERE v.reserved <> coalesce(a.quantity, 0)
UNION ALL
SELECT 'order #' || l.number || ' is ' || l.status || ' and its reservation of ' || l.variant_id || ' is ' || coalesce(r.status, 'missing')
  FROM line l LEFT JOIN catalog_reservation r ON r.tenant_id = l.tenant_id AND r.order_id = l.id AND r.variant_id = l.variant_id
 WHERE r.quantity IS DISTINCT FROM l.quantity
    OR NOT (r.status = CASE WHEN l.status IN ('IN_TRANSIT', 'DELIVERED') THEN 'consumed' ELSE 'active' END
            OR (l.status = 'CANCELLED' AND r.status IN ('released', 'consumed')) -- consumed: lost on the way
            OR (l.status = 'REFUNDED'))
UNION ALL
SELECT 'reservation of ' || r.variant_id || ' for an order ' || r.order_id || ' that is not there'
  FROM catalog_reservation r LEFT JOIN orders_order o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
 WHERE o.id IS NULL AND r.status = 'active';
