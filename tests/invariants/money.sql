-- Money: the ledger sums to zero, payments agree with it and with their orders, cash that was handed over is known.
SELECT 'ledger of tenant ' || tenant_id || ' in ' || currency || ' sums to ' || sum(amount)
  FROM payments_ledger GROUP BY tenant_id, currency HAVING sum(amount) <> 0
UNION ALL
SELECT 'ledger entry ' || entry_id || ' sums to ' || sum(amount) FROM payments_ledger GROUP BY entry_id, currency HAVING sum(amount) <> 0
UNION ALL
SELECT 'payment ' || p.id || ': collected ' || p.collected || ', booked ' || coalesce(l.amount, 0)
  FROM payments_payment p LEFT JOIN (SELECT tenant_id, payment_id, sum(amount) AS amount FROM payments_ledger WHERE account LIKE 'cash:%'
         OR account LIKE 'gateway:%' GROUP BY 1, 2) l ON l.tenant_id = p.tenant_id AND l.payment_id = p.id
 WHERE p.collected <> coalesce(l.amount, 0)
UNION ALL
SELECT 'order #' || o.number || ' costs ' || o.total || ' ' || o.currency || ', its payment is ' || coalesce(p.amount::text || ' ' || p.currency, 'missing')
  FROM orders_order o LEFT JOIN payments_payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.id = o.payment_id
 WHERE p.amount IS DISTINCT FROM o.total OR p.currency IS DISTINCT FROM o.currency OR p.gateway IS DISTINCT FROM o.payment_method
UNION ALL
SELECT 'order #' || o.number || ' is DELIVERED and its payment is ' || coalesce(p.status, 'missing')
  FROM orders_order o LEFT JOIN payments_payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
 WHERE o.status = 'DELIVERED' AND (p.status IS NULL OR p.status NOT IN ('paid', 'collected', 'short', 'over', 'remitted', 'reconciled', 'refunded'))
UNION ALL
SELECT 'order #' || o.number || ' is CANCELLED and its payment still ' || p.status
  FROM orders_order o JOIN payments_payment p ON p.tenant_id = o.tenant_id AND p.order_id = o.id
 WHERE o.status = 'CANCELLED' AND (p.status IN ('due', 'pending', 'failed') OR p.refund_due <> p.collected)
UNION ALL
SELECT 'payment ' || p.id || ' has no order' FROM payments_payment p
 WHERE NOT EXISTS (SELECT FROM orders_order o WHERE o.tenant_id = p.tenant_id AND o.id = p.order_id)
UNION ALL
SELECT 'payment ' || p.id || ' has no attempt' FROM payments_payment p
 WHERE NOT EXISTS (SELECT FROM payments_attempt a WHERE a.tenant_id = p.tenant_id AND a.payment_id = p.id AND a.id = p.attempt_id);
