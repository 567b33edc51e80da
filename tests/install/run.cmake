# cmake -DBUILD=... -DSOURCE=... -DCOMPILER=... -DFLAGS=... -P run.cmake
# Programs outside the project that get ctnn in each way a user may.
set(consumer ${CMAKE_CURRENT_LIST_DIR}/consumer)
set(work ${BUILD}/tests/installed)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()
# consume(folder how options...)
function(consume folder how)
  run(${CMAKE_COMMAND} -G Ninja -S ${consumer} -B ${work}/${folder} -DHOW=${how}
      -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS} ${ARGN})
  run(${CMAKE_COMMAND} --build ${work}/${folder})
  run(${work}/${folder}/consumer)
  message("${folder}: builds and runs")
endfunction()

# Installed
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
consume(installed find_package -DCMAKE_PREFIX_PATH=${work}/prefix)
run(${work}/installed/reader)
# CMake below 3.23 finds the headers by this alone.
file(STRINGS ${work}/prefix/share/cmake/ctnn/ctnn-targets.cmake include REGEX INTERFACE_INCLUDE_DIRECTORIES)
if(NOT include)
  message(FATAL_ERROR "the installed target names no folder of headers")
endif()

# The archive and the Debian package: with pkg-config, where that is.
find_program(cpack cpack REQUIRED)
run(${cpack} --config ${BUILD}/CPackConfig.cmake -G TGZ -B ${work}/packed)
file(GLOB archive ${work}/packed/*.tar.gz)
run(${CMAKE_COMMAND} -E make_directory ${work}/archive)
run(${CMAKE_COMMAND} -E chdir ${work}/archive ${CMAKE_COMMAND} -E tar xzf ${archive})
file(GLOB_RECURSE pc ${work}/archive/*/ctnn.pc)
find_program(dpkg_deb dpkg-deb)
if(dpkg_deb)
  run(${cpack} --config ${BUILD}/CPackConfig.cmake -G DEB -B ${work}/packed)
  file(GLOB package ${work}/packed/*.deb)
  run(${dpkg_deb} -x ${package} ${work}/debian)
  set(pc ${work}/debian/usr/share/pkgconfig/ctnn.pc)
endif()
find_program(pkg_config pkg-config)
if(pkg_config)
  get_filename_component(folder ${pc} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${folder})
  execute_process(COMMAND ${pkg_config} --cflags ctnn COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE cflags)
  separate_arguments(cflags UNIX_COMMAND "${cflags}")
  separate_arguments(flags UNIX_COMMAND "${FLAGS}")
  run(${COMPILER} -std=c++20 ${flags} ${cflags} ${consumer}/main.cpp -o ${work}/by_pkg_config)
  run(${work}/by_pkg_config)
  message("pkg-config: builds and runs")
endif()

# In the tree
consume(subdirectory add_subdirectory -DCTNN_SOURCE=${SOURCE})
consume(fetched FetchContent -DCTNN_SOURCE=${SOURCE})
