-- The log at rest: nothing given up, nothing parked, every answer that was asked for was handed over, every inbound message once.
SELECT 'dead letter ' || id || ': ' || name || ' gave up ' || type || ': ' || code || ' ' || left(error, 120)
  FROM wakala.dead WHERE state = 'dead'
UNION ALL
SELECT 'parked: ' || name || ' at event ' || seq || ' after ' || attempts || ' attempts: ' || coalesce(code, '') || ' ' || left(coalesce(error, ''), 120)
  FROM wakala.parked
UNION ALL
SELECT 'event ' || e.seq || ': an answer that no sender has taken'
  FROM wakala.event e WHERE e.type = 'whatsapp.outgoing' AND NOT EXISTS (SELECT FROM wakala.moved m WHERE m.tenant_id = e.tenant_id)
   AND NOT EXISTS (SELECT FROM wakala.outbound o WHERE o.tenant_id = e.tenant_id AND o.id = e.id)
UNION ALL
SELECT 'answer ' || id || ' is ' || state || coalesce(' with error ' || error_code, '') FROM wakala.outbound WHERE state <> 'sent'
UNION ALL
SELECT 'message stored ' || count(*) || ' times: events ' || string_agg(seq::text, ', ')
  FROM wakala.event WHERE type = 'whatsapp.incoming' AND xid > '0' GROUP BY tenant_id, payload HAVING count(*) > 1;
