# The plugin but its descriptor: what is tested here asks the host nothing.
file(GLOB EXTRA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/api/*.c)
list(REMOVE_ITEM EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/api/api.c)
set(EXTRA_LIBS PkgConfig::zlib m)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins/api)
