# The SDK as an integrator gets it: headers, a CMake package, a pkg-config file. `cmake --install BUILD --component sdk --prefix P`.
include(CMakePackageConfigHelpers)
# Headers only: nothing depends on the machine, so all of it lies under share and the .pc file's prefix is always two levels up.
set(WAKALA_SDK_CMAKEDIR ${CMAKE_INSTALL_DATADIR}/cmake/wakala)
install(DIRECTORY sdk/include/wakala DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk FILES_MATCHING PATTERN "*.h")
install(PROGRAMS sdk/errors/check.py DESTINATION ${CMAKE_INSTALL_DATADIR}/wakala/errors COMPONENT sdk)
install(FILES host/plugin/host_errors.c DESTINATION ${CMAKE_INSTALL_DATADIR}/wakala/errors COMPONENT sdk)
install(PROGRAMS sdk/openapi/check.py DESTINATION ${CMAKE_INSTALL_DATADIR}/wakala/openapi COMPONENT sdk)
install(FILES plugins/api/assets/openapi.json DESTINATION ${CMAKE_INSTALL_DATADIR}/wakala/openapi COMPONENT sdk)
install(TARGETS wakala_sdk EXPORT wakala-targets COMPONENT sdk)
install(EXPORT wakala-targets NAMESPACE wakala:: DESTINATION ${WAKALA_SDK_CMAKEDIR} COMPONENT sdk)
configure_package_config_file(sdk/cmake/wakala-config.cmake.in ${PROJECT_BINARY_DIR}/wakala-config.cmake
  INSTALL_DESTINATION ${WAKALA_SDK_CMAKEDIR})
# Built with 1.x, a plugin runs on every host 1.y, y >= x: so the package of another major is not compatible.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/wakala-config-version.cmake
  VERSION ${WAKALA_ABI_MAJOR}.${WAKALA_ABI_MINOR}.0 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/wakala-config.cmake ${PROJECT_BINARY_DIR}/wakala-config-version.cmake sdk/cmake/wakala-plugin.cmake
  DESTINATION ${WAKALA_SDK_CMAKEDIR} COMPONENT sdk)
configure_file(sdk/cmake/wakala-sdk.pc.in ${PROJECT_BINARY_DIR}/wakala-sdk.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/wakala-sdk.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig COMPONENT sdk)
