-- The one tenant that everything of the simulator belongs to; run by the owner after `wakala migrate`, safe to run again.
INSERT INTO wakala.tenant (id, name, shard)
SELECT id, 'Simulator', 1 + (get_byte(sha256(uuid_send(id)), 0) >> 3)
  FROM (VALUES ('00000000-0000-4000-8000-000000000001'::uuid)) AS t(id)
ON CONFLICT DO NOTHING;
