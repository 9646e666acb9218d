-- Shops, products, what is bought of them, and every movement of stock.

CREATE TABLE catalog_vendor (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id    uuid NOT NULL,                        -- who answers for the shop in chat
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
  phone      text NOT NULL DEFAULT '',
  address    text NOT NULL DEFAULT '',
  latitude   double precision NOT NULL DEFAULT 0 CHECK (latitude BETWEEN -90 AND 90),
  longitude  double precision NOT NULL DEFAULT 0 CHECK (longitude BETWEEN -180 AND 180),
  opens_at   time,                                 -- in the tenant's time zone; both NULL: around the clock
  closes_at  time,
  is_open    boolean NOT NULL DEFAULT true,        -- false: paused, and hidden from lists and search
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  CHECK ((opens_at IS NULL) = (closes_at IS NULL))
);
CREATE INDEX catalog_vendor_user ON catalog_vendor (tenant_id, user_id);
SELECT wakala.protect('catalog_vendor');

-- What words are compared in: lower case without accents. unaccent() is only STABLE because its dictionary could be replaced; ours is not.
CREATE FUNCTION catalog_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT lower(wakala.unaccent('wakala.unaccent'::regdictionary, value)) $$;

CREATE TABLE catalog_product (
  tenant_id         uuid NOT NULL DEFAULT wakala.tenant_id(),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  vendor_id         uuid NOT NULL,
  name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  short_description text NOT NULL DEFAULT '' CHECK (length(short_description) <= 500),
  category          text NOT NULL DEFAULT '' CHECK (length(category) <= 60),
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'hidden', 'deleted')),
  document          tsvector GENERATED ALWAYS AS (
                      setweight(to_tsvector('simple', catalog_fold(name)), 'A') ||
                      setweight(to_tsvector('simple', catalog_fold(category)), 'B') ||
                      setweight(to_tsvector('simple', catalog_fold(short_description)), 'C')) STORED,
  created_at        timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at        timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, vendor_id) REFERENCES catalog_vendor
);
CREATE INDEX catalog_product_name ON catalog_product (tenant_id, name, id);
CREATE INDEX catalog_product_vendor ON catalog_product (tenant_id, vendor_id);
CREATE INDEX catalog_product_category ON catalog_product (tenant_id, category, name);
CREATE INDEX catalog_product_document ON catalog_product USING gin (tenant_id, document);
CREATE INDEX catalog_product_trigrams ON catalog_product USING gin (tenant_id, catalog_fold(name) wakala.gin_trgm_ops);
SELECT wakala.protect('catalog_product');

-- What is bought: one product in one option, with its price and its stock.
CREATE TABLE catalog_variant (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  product_id uuid NOT NULL,
  name       text NOT NULL DEFAULT '' CHECK (length(name) <= 60), -- the option ("Large"); '' when there is only one
  sku        text NOT NULL DEFAULT '' CHECK (length(sku) <= 64),
  price      bigint NOT NULL CHECK (price BETWEEN 0 AND 1000000000), -- minor units of the tenant's currency
  on_hand    bigint NOT NULL DEFAULT 0 CHECK (on_hand BETWEEN 0 AND 1000000000),
  reserved   bigint NOT NULL DEFAULT 0,
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'hidden', 'deleted')),
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES catalog_product,
  CONSTRAINT catalog_variant_stock CHECK (reserved >= 0 AND reserved <= on_hand)
) WITH (fillfactor = 80); -- counters change at every sale
CREATE INDEX catalog_variant_product ON catalog_variant (tenant_id, product_id);
CREATE UNIQUE INDEX catalog_variant_sku ON catalog_variant (tenant_id, sku) WHERE sku <> '';
SELECT wakala.protect('catalog_variant');

-- The ledger: the sums of a variant's rows are its counters. Written by the statement that changes them, never alone.
CREATE TABLE catalog_movement (
  tenant_id      uuid NOT NULL DEFAULT wakala.tenant_id(),
  id             bigint GENERATED ALWAYS AS IDENTITY,
  variant_id     uuid NOT NULL,
  delta_on_hand  bigint NOT NULL DEFAULT 0,
  delta_reserved bigint NOT NULL DEFAULT 0,
  reason         text NOT NULL CHECK (reason IN ('opening', 'count', 'received', 'lost', 'reserve', 'release', 'consume', 'put_back')),
  actor          text NOT NULL DEFAULT 'system',
  order_id       uuid,
  at             timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX catalog_movement_variant ON catalog_movement (tenant_id, variant_id, id);
SELECT wakala.protect('catalog_movement');

-- A variant that is born with stock opens its ledger, whoever inserts it.
CREATE FUNCTION catalog_opening() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.on_hand <> 0 OR NEW.reserved <> 0 THEN
    INSERT INTO catalog_movement (tenant_id, variant_id, delta_on_hand, delta_reserved, reason)
    VALUES (NEW.tenant_id, NEW.id, NEW.on_hand, NEW.reserved, 'opening');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER opening AFTER INSERT ON catalog_variant FOR EACH ROW EXECUTE FUNCTION catalog_opening();

-- What an order holds. active: counted in reserved; consumed: the goods have left; released: given up. The move from one to the other is what
-- makes every stock move happen once.
CREATE TABLE catalog_reservation (
  tenant_id  uuid NOT NULL DEFAULT wakala.tenant_id(),
  order_id   uuid NOT NULL,
  variant_id uuid NOT NULL,
  quantity   bigint NOT NULL CHECK (quantity > 0),
  status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'released', 'consumed')),
  expires_at timestamptz,                          -- NULL: until it is released
  created_at timestamptz NOT NULL DEFAULT wakala.now(),
  updated_at timestamptz NOT NULL DEFAULT wakala.now(),
  PRIMARY KEY (tenant_id, order_id, variant_id)
);
CREATE INDEX catalog_reservation_active ON catalog_reservation (tenant_id, variant_id) WHERE status = 'active';
SELECT wakala.protect('catalog_reservation');

-- Reserve all lines of an order or none: one row per line that does not fit, no row when everything is held. A function, because it needs two
-- snapshots in one trip: the first statement waits for the locks (in id order, so that two orders never wait in a circle), the later ones see
-- what the last buyer left. One statement cannot do it: its UPDATE tests its condition, and the table's check, on the version it saw before it
-- waited, and a variant that was sold out then and given back since would be refused, or silently not taken.
-- The same order again changes nothing; one that gave its goods up may reserve anew (a payment that came too late).
CREATE FUNCTION catalog_reserve(for_order uuid, variants uuid[], quantities bigint[], until timestamptz)
RETURNS TABLE (variant_id uuid, available bigint, name text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM catalog_variant v WHERE v.tenant_id = wakala.tenant_id() AND v.id = ANY (variants) ORDER BY v.id FOR UPDATE;
  IF EXISTS (SELECT FROM catalog_reservation r
              WHERE r.tenant_id = wakala.tenant_id() AND r.order_id = for_order AND r.status <> 'released') THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH asked AS (SELECT t.id, sum(t.quantity)::bigint AS quantity FROM unnest(variants, quantities) AS t (id, quantity) GROUP BY t.id)
    SELECT a.id, coalesce(v.on_hand - v.reserved, 0), coalesce(p.name, '')
      FROM asked a
      LEFT JOIN catalog_variant v ON v.tenant_id = wakala.tenant_id() AND v.id = a.id AND v.status = 'active'
      LEFT JOIN catalog_product p ON p.tenant_id = wakala.tenant_id() AND p.id = v.product_id
     WHERE coalesce(v.on_hand - v.reserved, 0) < a.quantity ORDER BY a.id;
  IF FOUND THEN
    RETURN;
  END IF;
  WITH asked AS (
    SELECT t.id, sum(t.quantity)::bigint AS quantity FROM unnest(variants, quantities) AS t (id, quantity) GROUP BY t.id
  ), moved AS (
    UPDATE catalog_variant v SET reserved = v.reserved + a.quantity, updated_at = wakala.now()
      FROM asked a WHERE v.tenant_id = wakala.tenant_id() AND v.id = a.id RETURNING v.id, a.quantity
  ), kept AS (
    INSERT INTO catalog_reservation AS r (order_id, variant_id, quantity, expires_at)
    SELECT for_order, m.id, m.quantity, until FROM moved m
    ON CONFLICT ON CONSTRAINT catalog_reservation_pkey DO UPDATE
       SET quantity = excluded.quantity, status = 'active', expires_at = excluded.expires_at, updated_at = wakala.now()
  )
  INSERT INTO catalog_movement (variant_id, delta_reserved, reason, order_id) SELECT m.id, m.quantity, 'reserve', for_order FROM moved m;
END $$;

-- Search: ids of variants, the best first, in stock before sold out. Runs as wakala_search, without row-level security, because text search and
-- trigram operators are not leakproof and would lose their indexes under it; so it names the tenant itself. Words are prefixes; all of them must
-- match, else any of them, else names that look alike.
CREATE FUNCTION catalog_search(query text, skip integer, take integer) RETURNS TABLE (variant_id uuid, place bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  me constant uuid := wakala.tenant_id();
  folded constant text := catalog_fold(left(query, 200));
  words text[];
  wanted tsquery;
BEGIN
  SELECT array_agg(quote_literal(w) || ':*') INTO words
    FROM (SELECT w FROM regexp_split_to_table(folded, '[^[:alnum:]]+') AS w WHERE w <> '' LIMIT 8) AS s;
  IF words IS NULL OR me IS NULL THEN
    RETURN;
  END IF;
  wanted := to_tsquery('simple', array_to_string(words, ' & '));
  IF NOT EXISTS (SELECT FROM catalog_product p WHERE p.tenant_id = me AND p.document @@ wanted AND p.status = 'active') THEN
    SELECT array_agg(w) INTO words FROM unnest(words) AS w WHERE length(w) >= 7; -- three letters, quotes and ":*": shorter ones begin half the shelf
    wanted := to_tsquery('simple', array_to_string(words, ' | ')); -- NULL without words: nothing matches
  END IF;
  RETURN QUERY
    WITH matching AS (
      SELECT p.id, p.vendor_id, p.name,
             greatest(3 * ts_rank('{0,0,0,1}', p.document, wanted), 2 * ts_rank('{0,0,1,0}', p.document, wanted),
                      ts_rank('{0,1,0,0}', p.document, wanted)) AS score
        FROM catalog_product p WHERE p.tenant_id = me AND p.document @@ wanted AND p.status = 'active'
    ), alike AS (
      SELECT p.id, p.vendor_id, p.name, wakala.word_similarity(folded, catalog_fold(p.name)) AS score
        FROM catalog_product p
       WHERE NOT EXISTS (SELECT FROM matching) AND p.tenant_id = me AND p.status = 'active'
         AND catalog_fold(p.name) OPERATOR(wakala.%>) folded
    )
    SELECT v.id, row_number() OVER (ORDER BY v.on_hand - v.reserved <= 0, f.score DESC, f.name, v.price, v.id)
      FROM (SELECT * FROM matching UNION ALL SELECT * FROM alike) AS f
      JOIN catalog_vendor s ON s.tenant_id = me AND s.id = f.vendor_id AND s.is_open
      JOIN catalog_variant v ON v.tenant_id = me AND v.product_id = f.id AND v.status = 'active'
     ORDER BY 2 OFFSET skip LIMIT take;
END $$;
-- With the temporary schema last: a definer's function must not find a caller's table first.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION catalog_search(text, integer, integer) SET search_path = %I, pg_temp', current_schema());
END $$;
SELECT wakala.search_function('catalog_search(text,integer,integer)');
GRANT EXECUTE ON FUNCTION catalog_fold(text) TO wakala_app, wakala_search;
