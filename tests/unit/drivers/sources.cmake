# The pure files only: what needs a database is proven by the journeys.
set(EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/drivers/score.c)
set(EXTRA_LIBS m)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins/drivers)
