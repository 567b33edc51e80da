# cmake -DCOMPILER=clang++ -DSOURCE=... -DINCLUDE=... -DRECORD=... -DWORK=... -P instantiations.cmake Counts
# clang's template instantiations of a program beyond those of the headers alone, and compares them with the
# number on record: 5 % more fail. A number that has become larger for a good reason, or smaller, is put on
# record by hand.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${COMPILER} --version OUTPUT_VARIABLE version)
if(NOT version MATCHES "clang version 14\\.")
  message("skipped: the numbers on record are those of clang 14, this is ${version}")
  return()
endif()
get_filename_component(program ${SOURCE} NAME_WE)
get_filename_component(folder ${SOURCE} DIRECTORY)

function(count_instantiations source result)
  set(object ${WORK}/${program}_instantiations)
  execute_process(COMMAND ${COMPILER} -std=c++20 -O0 -c -ftime-trace -ftime-trace-granularity=0 -I${INCLUDE}
                  ${source} -o ${object}.o
                  COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${object}.json trace)
  string(REGEX MATCHALL "\"name\":\"Instantiate(Class|Function)\"" events "${trace}")
  list(LENGTH events count)
  set(${result} ${count} PARENT_SCOPE)
endfunction()

count_instantiations(${SOURCE} count)
if(NOT program STREQUAL "headers")
  count_instantiations(${folder}/headers.cpp headers)
  math(EXPR count "${count} - ${headers}")
endif()
file(STRINGS ${RECORD} line REGEX "^${program} ")
if(NOT line MATCHES "^${program} ([0-9]+)$")
  message(FATAL_ERROR "${RECORD} has no line for ${program}, which has ${count} instantiations")
endif()
math(EXPR most "${CMAKE_MATCH_1} * 105 / 100")
message("${program}: ${count} template instantiations, ${CMAKE_MATCH_1} on record")
if(count GREATER most)
  message(FATAL_ERROR
          "more than 5 % above the record: find out why, or agree by writing the number into ${RECORD}")
endif()
