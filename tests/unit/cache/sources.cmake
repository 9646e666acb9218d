# Real Redis servers, started by tests/unit/redis/server.h.
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/tests/unit)
