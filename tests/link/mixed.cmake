# cmake -DCOMPILER=... -DSOURCES=... -DINCLUDE=... -DWORK=... -P mixed.cmake
# The same two files link when compiled alike, and do not when compiled for different CPUs.
function(check march other)
  foreach(cpu ${march} ${other})
    execute_process(COMMAND ${COMPILER} -std=c++20 -O1 -march=${cpu} -I${INCLUDE} -c ${SOURCES}/first.cpp -o
                    ${WORK}/first-${cpu}.o COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  execute_process(COMMAND ${COMPILER} -std=c++20 -O1 -march=${march} -I${INCLUDE} -c ${SOURCES}/handing.cpp
                  -o ${WORK}/handing.o COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${COMPILER} ${WORK}/handing.o ${WORK}/first-${march}.o -o ${WORK}/alike
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${COMPILER} ${WORK}/handing.o ${WORK}/first-${other}.o -o ${WORK}/mixed
                  RESULT_VARIABLE result ERROR_VARIABLE text)
  if(result EQUAL 0 OR NOT text MATCHES "undefined reference to .*handed")
    message(FATAL_ERROR "a model of ${march} was handed to ${other}: ${text}")
  endif()
endfunction()
check(x86-64 x86-64-v3)
check(x86-64-v4 cascadelake)  # which has products of bytes
check(cascadelake cooperlake) # and of bfloat16
