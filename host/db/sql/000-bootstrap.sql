-- Run by `wakala migrate` as the connecting superuser, before anything else; safe to run again.
-- Roles of the host itself are made by the migrator (passwords); this one owns the search functions.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wakala_search') THEN
    CREATE ROLE wakala_search NOLOGIN BYPASSRLS;
  END IF;
END $$;
GRANT wakala_search TO wakala_owner;
GRANT USAGE ON SCHEMA wakala, pool TO wakala_app, wakala_search;
GRANT CREATE ON SCHEMA pool TO wakala_search;
GRANT USAGE ON SCHEMA wakala TO wakala_host;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA wakala;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA wakala;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA wakala;
