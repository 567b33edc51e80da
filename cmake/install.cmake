# Installs the headers, a package that find_package(ctnn) finds, and a ctnn.pc; cpack makes a Debian package
# and an archive of them. All of it is text for any machine.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ctnn_package ${CMAKE_INSTALL_DATADIR}/cmake/ctnn)
# Consumers below CMake 3.23 pass over file sets.
target_include_directories(ctnn INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS ctnn EXPORT ctnn-targets FILE_SET HEADERS FILE_SET mpi)
install(EXPORT ctnn-targets NAMESPACE ctnn:: DESTINATION ${ctnn_package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ctnn-config.cmake.in
                              ${PROJECT_BINARY_DIR}/ctnn-config.cmake INSTALL_DESTINATION ${ctnn_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ctnn-config-version.cmake COMPATIBILITY
                                 SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/ctnn-config.cmake ${PROJECT_BINARY_DIR}/ctnn-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/ctnn-parts.cmake
              ${CMAKE_CURRENT_LIST_DIR}/ctnn-dispatch.cmake DESTINATION ${ctnn_package})
file(RELATIVE_PATH ctnn_prefix_from_pc /${CMAKE_INSTALL_DATADIR}/pkgconfig /)
if(IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
  set(ctnn_includedir_of_pc ${CMAKE_INSTALL_INCLUDEDIR})
else()
  set(ctnn_includedir_of_pc "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/ctnn.pc.in ${PROJECT_BINARY_DIR}/ctnn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ctnn.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libctnn-dev
        RENAME copyright)
install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libctnn-dev)

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR TGZ DEB)
  set(CPACK_PACKAGE_NAME libctnn-dev)
  set(CPACK_PACKAGE_FILE_NAME ctnn-${PROJECT_VERSION})
  set(CPACK_PACKAGE_CONTACT "the ctnn authors")
  set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
  set(CPACK_DEBIAN_FILE_NAME libctnn-dev_${PROJECT_VERSION}_all.deb)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS
      "libxtensor-dev (>= ${ctnn_least_xtensor}), libxsimd-dev (>= ${ctnn_least_xsimd})")
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
      "nlohmann-json3-dev (>= ${ctnn_least_nlohmann_json}), libfmt-dev (>= ${ctnn_least_fmt})")
  include(CPack)
endif()
