# The directory's test borrows the fixture of the call: a database with the host's tables.
set(EXTRA_LIBS wk_call PkgConfig::pq)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/tests/unit)
