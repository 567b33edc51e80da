# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDE=... -DFLAGS=... -DWORK=... -P free.cmake An observer of nothing
# costs nothing: the machine code of a training with it is that of a training without, instruction by
# instruction.
find_program(OBJDUMP objdump)
if(NOT OBJDUMP)
  message("skipped: there is no objdump to read object code with")
  return()
endif()
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
foreach(variant plain observed)
  set(define)
  if(variant STREQUAL observed)
    set(define -DOBSERVED)
  endif()
  execute_process(COMMAND ${COMPILER} -std=c++20 -O2 ${flags} ${define} -I${INCLUDE} -c ${SOURCE} -o
                  ${WORK}/training-${variant}.o
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${OBJDUMP} -d -r ${WORK}/training-${variant}.o OUTPUT_VARIABLE ${variant}
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "training-${variant}.o" "" ${variant} "${${variant}}")
  # The order of functions and the numbers of constants' labels are the compiler's whim: functions are
  # compared one by one.
  string(REGEX REPLACE "\\.L(C?)[0-9]+" ".L\\1" ${variant} "${${variant}}")
  string(REPLACE "Disassembly of section" ";" ${variant} "${${variant}}")
  list(SORT ${variant})
endforeach()
string(LENGTH "${plain}" length)
string(FIND "${plain}" "train" at)
if(length LESS 10000 OR at EQUAL -1)
  message(FATAL_ERROR "${WORK}/training-plain.o holds no training")
endif()
if(NOT plain STREQUAL observed)
  message(FATAL_ERROR
          "the code differs: objdump -d -r ${WORK}/training-plain.o and training-observed.o beside it")
endif()
message("${length} bytes of disassembly, the same")
