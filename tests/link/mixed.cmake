# cmake -DCOMPILER=... -DSOURCES=... -DINCLUDE=... -DWORK=... -P mixed.cmake
# The same two files link when compiled alike, and do not when compiled for different CPUs.
foreach(march x86-64 x86-64-v3)
  execute_process(COMMAND ${COMPILER} -std=c++20 -O1 -march=${march} -I${INCLUDE} -c ${SOURCES}/first.cpp -o
                  ${WORK}/first-${march}.o
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND ${COMPILER} -std=c++20 -O1 -march=x86-64 -I${INCLUDE} -c ${SOURCES}/handing.cpp -o
                ${WORK}/handing.o COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${COMPILER} ${WORK}/handing.o ${WORK}/first-x86-64.o -o ${WORK}/alike
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${COMPILER} ${WORK}/handing.o ${WORK}/first-x86-64-v3.o -o ${WORK}/mixed
                RESULT_VARIABLE result ERROR_VARIABLE text)
if(result EQUAL 0 OR NOT text MATCHES "undefined reference to .*handed")
  message(FATAL_ERROR "a model of one instruction set was handed to another: ${text}")
endif()
