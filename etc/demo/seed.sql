-- The demo shop: one vendor with a stocked shelf and two approved drivers in Soweto for tenant A, a small second shop for tenant B.
-- Run by the owner (row-level security aside) after `wakala migrate` and `wakala tenant create`; safe to run again: what people
-- bought or changed since stays. Phone numbers are fixed and printed by script/run; the customer is not in here, anybody may write.
SET search_path = pool, wakala, public;

DO $$
DECLARE
  a uuid := (SELECT tenant_id FROM wakala.address WHERE channel = 'whatsapp' AND address = '100000000000001');
  b uuid := (SELECT tenant_id FROM wakala.address WHERE channel = 'whatsapp' AND address = '100000000000002');
BEGIN
  IF a IS NULL OR b IS NULL THEN
    RAISE EXCEPTION 'the demo tenants are not there: wakala tenant create first';
  END IF;

  -- Where people are written to who never wrote.
  INSERT INTO wakala.tenant_setting (tenant_id, plugin, key, value)
  VALUES (a, 'conversation', 'default_address', '100000000000001'), (b, 'conversation', 'default_address', '100000000000002')
  ON CONFLICT DO NOTHING;

  INSERT INTO conversation_user (tenant_id, id, name, roles)
  VALUES (a, '0d000000-0000-7000-8000-000000000010', 'Thandi', 'vendor'),
         (a, '0d000000-0000-7000-8000-000000000021', 'Sipho', 'driver'),
         (a, '0d000000-0000-7000-8000-000000000022', 'Lerato', 'driver'),
         (b, '0d000000-0000-7000-8000-000000000030', 'Pieter', 'vendor')
  ON CONFLICT DO NOTHING;
  INSERT INTO conversation_alias (tenant_id, kind, value, user_id)
  VALUES (a, 'phone', '27820000010', '0d000000-0000-7000-8000-000000000010'),
         (a, 'phone', '27820000021', '0d000000-0000-7000-8000-000000000021'),
         (a, 'phone', '27820000022', '0d000000-0000-7000-8000-000000000022'),
         (b, 'phone', '27820000030', '0d000000-0000-7000-8000-000000000030')
  ON CONFLICT DO NOTHING;

  INSERT INTO catalog_vendor (tenant_id, id, user_id, name, phone, address, latitude, longitude)
  VALUES (a, '0d000000-0000-7000-8000-000000000100', '0d000000-0000-7000-8000-000000000010', 'Soweto Corner Shop', '27820000010',
          '12 Vilakazi Street, Orlando West', -26.2386, 27.9081),
         (b, '0d000000-0000-7000-8000-000000000300', '0d000000-0000-7000-8000-000000000030', 'Kloof Street Deli', '27820000030',
          '3 Kloof Street, Gardens', -33.9290, 18.4110)
  ON CONFLICT DO NOTHING;

  INSERT INTO catalog_product (tenant_id, id, vendor_id, name, short_description, category)
  SELECT t, ('0d000000-0000-7000-8000-000000001' || n)::uuid, v::uuid, name, short, category
    FROM (VALUES
      (a, '101', '0d000000-0000-7000-8000-000000000100', 'Bread white 700g', 'Baked this morning', 'Bakery'),
      (a, '102', '0d000000-0000-7000-8000-000000000100', 'Bread brown 700g', 'Baked this morning', 'Bakery'),
      (a, '103', '0d000000-0000-7000-8000-000000000100', 'Vetkoek', 'Fried dough, with mince if large', 'Bakery'),
      (a, '104', '0d000000-0000-7000-8000-000000000100', 'Milk 1 litre', 'Full cream', 'Dairy'),
      (a, '105', '0d000000-0000-7000-8000-000000000100', 'Eggs, half dozen', 'Free range', 'Dairy'),
      (a, '106', '0d000000-0000-7000-8000-000000000100', 'Maize meal 2.5 kg', 'Super white', 'Pantry'),
      (a, '107', '0d000000-0000-7000-8000-000000000100', 'Sugar 1 kg', 'Brown', 'Pantry'),
      (a, '108', '0d000000-0000-7000-8000-000000000100', 'Rice 2 kg', 'Parboiled', 'Pantry'),
      (a, '109', '0d000000-0000-7000-8000-000000000100', 'Tea, 80 bags', 'Rooibos', 'Pantry'),
      (a, '110', '0d000000-0000-7000-8000-000000000100', 'Sunflower oil 750 ml', '', 'Pantry'),
      (a, '111', '0d000000-0000-7000-8000-000000000100', 'Cola 2 litre', 'Cold', 'Drinks'),
      (a, '112', '0d000000-0000-7000-8000-000000000100', 'Airtime voucher', 'Any network', 'Services'),
      (b, '301', '0d000000-0000-7000-8000-000000000300', 'Sourdough loaf', 'Stone baked', 'Bakery'),
      (b, '302', '0d000000-0000-7000-8000-000000000300', 'Flat white', 'Double shot', 'Coffee')
    ) AS p(t, n, v, name, short, category)
  ON CONFLICT DO NOTHING;

  INSERT INTO catalog_variant (tenant_id, id, product_id, name, sku, price, on_hand)
  SELECT t, ('0d000000-0000-7000-8000-0000002' || n || k)::uuid, ('0d000000-0000-7000-8000-000000001' || n)::uuid, option, sku, price, stock
    FROM (VALUES
      (a, '101', '01', '', 'BREAD-W', 1850, 200), (a, '102', '01', '', 'BREAD-B', 1950, 150),
      (a, '103', '01', 'Small', 'VETKOEK-S', 800, 60), (a, '103', '02', 'Large', 'VETKOEK-L', 2500, 40),
      (a, '104', '01', '', 'MILK-1', 2100, 120), (a, '105', '01', '', 'EGGS-6', 2400, 80), (a, '106', '01', '', 'MEAL-2.5', 4200, 90),
      (a, '107', '01', '', 'SUGAR-1', 2600, 90), (a, '108', '01', '', 'RICE-2', 4900, 70), (a, '109', '01', '', 'TEA-80', 5200, 50),
      (a, '110', '01', '', 'OIL-750', 3400, 60), (a, '111', '01', '', 'COLA-2', 2900, 100), (a, '112', '01', '', 'AIRTIME', 3000, 500),
      (b, '301', '01', '', 'SOUR', 6500, 30), (b, '302', '01', '', 'FLAT', 3800, 500)
    ) AS v(t, n, k, option, sku, price, stock)
  ON CONFLICT DO NOTHING;

  IF to_regclass('drivers_driver') IS NOT NULL THEN -- the plugin is enabled
  INSERT INTO drivers_driver (tenant_id, id, user_id, name, vehicle, plate, status)
  VALUES (a, '0d000000-0000-7000-8000-000000000201', '0d000000-0000-7000-8000-000000000021', 'Sipho', 'motorbike', 'JHB 214 GP', 'approved'),
         (a, '0d000000-0000-7000-8000-000000000202', '0d000000-0000-7000-8000-000000000022', 'Lerato', 'car', 'SWT 088 GP', 'approved')
  ON CONFLICT DO NOTHING;
  END IF;
END $$;
