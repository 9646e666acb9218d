# A private PostgreSQL with the host's own tables; the fixture is in this folder, the server's in tests/unit/db.
set(EXTRA_LIBS PkgConfig::pq)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/tests/unit)
