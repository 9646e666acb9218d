# The tests load the tiny plugins of tests/plugins; whoever comes first adds them.
if(NOT TARGET t-good)
  add_subdirectory(${PROJECT_SOURCE_DIR}/tests/plugins ${PROJECT_BINARY_DIR}/tests/tiny-plugins)
endif()
add_dependencies(${name} t-good t-needs t-greet2 t-wrap t-dup t-cycle-a t-cycle-b t-ctor-crash t-open-crash t-open-fails t-secured
  t-identity t-old-major t-new-minor t-bad-version t-liar t-no-note)
set(EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/config/tree.c ${PROJECT_SOURCE_DIR}/tests/unit/plugin/shop.c)
