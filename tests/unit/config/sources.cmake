set(EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/tests/unit/config/tree.c)
