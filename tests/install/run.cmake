# cmake -DBUILD=... -DCONSUMER=... -DCOMPILER=... -DFLAGS=... -P run.cmake
set(prefix ${BUILD}/tests/install/prefix)
file(REMOVE_RECURSE ${BUILD}/tests/install)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${CONSUMER} -B ${BUILD}/tests/install/build
                -DCMAKE_PREFIX_PATH=${prefix}
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS} COMMAND_ERROR_IS_FATAL
                        ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD}/tests/install/build COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${BUILD}/tests/install/build/consumer COMMAND_ERROR_IS_FATAL ANY)
