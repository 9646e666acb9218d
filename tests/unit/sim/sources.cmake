# The pure parts of the simulator's plugin: what they need is JSON and OpenSSL, no host.
foreach(part refusal words validate validate_interactive validate_template limits sign numbers rules shapes)
  list(APPEND EXTRA_SOURCES ${PROJECT_SOURCE_DIR}/sim/sim-whatsapp/${part}.c)
endforeach()
set_property(TARGET ${name} APPEND PROPERTY INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/sim/sim-whatsapp)
# And the whole of it, in a host of its own: once, however many programs this folder has.
get_property(SIM_LIVE_ADDED GLOBAL PROPERTY SIM_LIVE_ADDED)
if(NOT SIM_LIVE_ADDED)
  set_property(GLOBAL PROPERTY SIM_LIVE_ADDED TRUE)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME sim/live COMMAND ${Python3_EXECUTABLE} ${dir}/live.py -v)
  set_tests_properties(sim/live PROPERTIES TIMEOUT 180 RESOURCE_LOCK servers ENVIRONMENT
    "PYTHONPATH=${PROJECT_SOURCE_DIR}/tests;PYTHONDONTWRITEBYTECODE=1;WAKALA_BUILD=${PROJECT_BINARY_DIR}")
endif()
