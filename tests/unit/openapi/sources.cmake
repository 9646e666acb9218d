# The document is made apart from the rest of the gateway.
set(EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/api/openapi.c)
set(EXTRA_LIBS "")
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins/api)
