# What needs no broker: settings and the envelope.
set(EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/plugins/bus/rabbitmq/conf.c ${PROJECT_SOURCE_DIR}/plugins/bus/rabbitmq/wire.c)
set(EXTRA_LIBS PkgConfig::rabbitmq)
target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/bus/rabbitmq)
