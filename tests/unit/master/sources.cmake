# The worker of these tests is a small program of its own: the master executes it instead of itself.
if(NOT TARGET fake_worker)
  add_executable(fake_worker ${dir}/fake_worker.c ${PROJECT_SOURCE_DIR}/host/http/handover.c ${PROJECT_SOURCE_DIR}/host/master/args.c)
  target_include_directories(fake_worker PRIVATE ${PROJECT_SOURCE_DIR}/host)
  target_link_libraries(fake_worker PRIVATE wk_flags wakala_sdk wk_share)
endif()
add_dependencies(${name} fake_worker)
target_compile_definitions(${name} PRIVATE FAKE_WORKER="$<TARGET_FILE:fake_worker>")
set(EXTRA_SOURCES ${dir}/harness.c)
