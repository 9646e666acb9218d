# The catalog's nodes run under the real conversation, on the fake host with a real, private PostgreSQL. One descriptor per program:
# the conversation's.
file(GLOB EXTRA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/catalog/*.c ${PROJECT_SOURCE_DIR}/plugins/conversation/*.c)
list(REMOVE_ITEM EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/catalog/catalog.c)
set(EXTRA_LIBS PkgConfig::pq Threads::Threads)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins ${PROJECT_SOURCE_DIR}/tests/unit)
set_property(TARGET ${name} PROPERTY ENABLE_EXPORTS ON)
