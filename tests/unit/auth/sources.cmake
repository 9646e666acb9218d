# What of the plugin needs no host: shapes, keys, the memory of tokens, roles.
set(EXTRA_SOURCES "")
foreach(part jwt keys memo roles)
  list(APPEND EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/auth/${part}.c)
endforeach()
set(EXTRA_LIBS PkgConfig::jose)
target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/auth ${dir})
