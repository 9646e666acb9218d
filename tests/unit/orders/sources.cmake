# The whole plugin but its descriptor; fake.h stands where the host and the services would.
file(GLOB EXTRA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/plugins/orders/*.c)
list(REMOVE_ITEM EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/orders/orders.c)
set(EXTRA_LIBS m)
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/plugins/orders)
