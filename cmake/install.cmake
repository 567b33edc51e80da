# Installs the headers and a package that find_package(ctnn) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ctnn EXPORT ctnn-targets FILE_SET HEADERS)
install(EXPORT ctnn-targets NAMESPACE ctnn:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ctnn)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ctnn-config.cmake.in
                              ${PROJECT_BINARY_DIR}/ctnn-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ctnn)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ctnn-config-version.cmake COMPATIBILITY
                                 SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/ctnn-config.cmake ${PROJECT_BINARY_DIR}/ctnn-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ctnn)
