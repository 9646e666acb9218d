# Real servers of Debian's redis-server, redis-sentinel and redis-tools, started by server.h.
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/tests/unit)
