# cmake -DBUILD=... -DCONSUMER=... -DCOMPILER=... -DFLAGS=... -P run.cmake
set(prefix ${BUILD}/tests/installed/prefix)
file(REMOVE_RECURSE ${BUILD}/tests/installed)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${CONSUMER} -B ${BUILD}/tests/installed/build
                -DCMAKE_PREFIX_PATH=${prefix}
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS} COMMAND_ERROR_IS_FATAL
                        ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD}/tests/installed/build COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${BUILD}/tests/installed/build/consumer COMMAND_ERROR_IS_FATAL ANY)
