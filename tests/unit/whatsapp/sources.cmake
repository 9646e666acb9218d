# The whole plugin is compiled into each test; fake_host.c stands where the host would.
file(GLOB EXTRA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/whatsapp/*.c)
list(APPEND EXTRA_SOURCES ${dir}/fake_host.c)
set(EXTRA_LIBS m)
target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/whatsapp ${dir})
