# The whole plugin is linked into each program; its host table is the fake of fake_host.h.
file(GLOB EXTRA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/conversation/*.c)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins/conversation)
set_property(TARGET ${name} PROPERTY ENABLE_EXPORTS ON)
