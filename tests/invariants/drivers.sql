-- Drivers: slots = live deliveries, cash in hand = what was collected, one winner per order.
WITH job AS (
  SELECT tenant_id, driver_id, count(*) FILTER (WHERE status IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED')) AS live,
         coalesce(sum(cash_collected), 0) AS cash, count(*) FILTER (WHERE status = 'DELIVERED') AS done FROM drivers_delivery GROUP BY 1, 2)
SELECT 'driver ' || d.id || ': active_jobs ' || d.active_jobs || ', live deliveries ' || coalesce(j.live, 0)
  FROM drivers_driver d LEFT JOIN job j ON j.tenant_id = d.tenant_id AND j.driver_id = d.id WHERE d.active_jobs <> coalesce(j.live, 0)
UNION ALL
SELECT 'driver ' || d.id || ': holds ' || d.cash_held || ', collected ' || coalesce(j.cash, 0)
  FROM drivers_driver d LEFT JOIN job j ON j.tenant_id = d.tenant_id AND j.driver_id = d.id WHERE d.cash_held <> coalesce(j.cash, 0)
UNION ALL
SELECT 'driver ' || d.id || ': completed ' || d.completed || ', delivered ' || coalesce(j.done, 0)
  FROM drivers_driver d LEFT JOIN job j ON j.tenant_id = d.tenant_id AND j.driver_id = d.id WHERE d.completed <> coalesce(j.done, 0)
UNION ALL
SELECT 'driver ' || d.id || ' has ' || d.active_jobs || ' jobs, more than ' || d.max_jobs FROM drivers_driver d
 WHERE d.active_jobs > d.max_jobs AND d.vehicle <> 'own'
UNION ALL
SELECT 'order #' || o.number || ' is ' || o.status || ' and has ' || count(v.id) || ' live deliveries'
  FROM orders_order o LEFT JOIN drivers_delivery v ON v.tenant_id = o.tenant_id AND v.order_id = o.id
       AND v.status IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED')
 WHERE o.status IN ('ASSIGNED_TO_DRIVER', 'IN_TRANSIT') GROUP BY o.tenant_id, o.id, o.number, o.status HAVING count(v.id) <> 1
UNION ALL
SELECT 'order ' || f.order_id || ' has ' || count(*) || ' accepted offers' FROM drivers_offer f WHERE f.status = 'ACCEPTED'
 GROUP BY f.tenant_id, f.order_id HAVING count(*) > 1
UNION ALL
SELECT 'delivery ' || v.id || ': cash ' || v.cash_collected || ', its payment says ' || coalesce(p.collected, 0)
  FROM drivers_delivery v LEFT JOIN payments_payment p ON p.tenant_id = v.tenant_id AND p.order_id = v.order_id
 WHERE v.cash_collected IS NOT NULL AND v.cash_collected IS DISTINCT FROM p.collected
UNION ALL
SELECT 'order ' || s.order_id || ' is searched for and has a live delivery' FROM drivers_dispatch s
  JOIN drivers_delivery v ON v.tenant_id = s.tenant_id AND v.order_id = s.order_id AND v.status IN ('ASSIGNED', 'AT_SHOP', 'PICKED_UP', 'ARRIVED')
 WHERE s.status IN ('OPEN', 'EXHAUSTED');
