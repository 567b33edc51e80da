# ctnn_dispatch(target SOURCE... LEVELS v2 v3 v4)
#
# Adds the sources to an executable or a library once for each level of x86-64; at its start the program takes
# the best that the CPU can run. See ctnn/dispatch.hpp. One call for a target, in its own folder; all names in
# the sources have the same levels.
#
# The levels cannot mix: the linker merges inline functions of the same name, those of the standard library
# among them, and would take one that is compiled for a newer CPU into the path of an older one. So the
# objects of a level become one object in which every symbol is local but those that begin with ctnn_level_.
# For a processor other than x86-64, and for object files other than ELF, the sources are compiled once, as
# they are.
function(ctnn_dispatch target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LEVELS")
  set(sources ${arg_UNPARSED_ARGUMENTS})
  if(NOT TARGET ${target})
    message(FATAL_ERROR "ctnn_dispatch: there is no target '${target}'")
  elseif(NOT sources OR NOT arg_LEVELS)
    message(FATAL_ERROR "ctnn_dispatch(target SOURCE... LEVELS v2 v3 v4): sources or levels are missing")
  endif()
  foreach(level IN LISTS arg_LEVELS)
    if(NOT level MATCHES "^v[1-4]$")
      message(FATAL_ERROR "ctnn_dispatch: a level is v1, v2, v3 or v4, found '${level}'")
    endif()
  endforeach()
  get_target_property(folder ${target} SOURCE_DIR)
  if(NOT folder STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR "ctnn_dispatch: call it where '${target}' is made, in ${folder}")
  endif()
  foreach(level IN LISTS arg_LEVELS)
    if(TARGET ${target}_${level})
      message(FATAL_ERROR "ctnn_dispatch: there is a ${target}_${level} already: one call takes all sources")
    endif()
  endforeach()
  # GNU's linker: those of LLVM and gold leave the groups of inline functions as they are.
  find_program(CTNN_LD NAMES ld.bfd ld)
  set(help "")
  if(CTNN_LD AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
    execute_process(COMMAND ${CTNN_LD} --help OUTPUT_VARIABLE help ERROR_QUIET)
  endif()
  if(NOT help MATCHES "force-group-allocation" OR NOT CMAKE_OBJCOPY)
    message(STATUS "ctnn_dispatch: ${target} is compiled for one CPU: levels need x86-64, ELF and GNU's ld")
    target_sources(${target} PRIVATE ${sources})
    target_link_libraries(${target} PRIVATE ctnn::ctnn)
    return()
  endif()

  foreach(level IN LISTS arg_LEVELS)
    string(SUBSTRING ${level} 1 1 number)
    set(part ${target}_${level})
    add_library(${part} OBJECT ${sources})
    set(march x86-64)
    if(number GREATER 1)
      set(march x86-64-${level})
    endif()
    target_compile_options(${part} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_OPTIONS> -march=${march}
                                           -fno-lto $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    target_compile_definitions(${part} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>
                                               CTNN_DISPATCH_LEVEL=${number})
    target_include_directories(${part} PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
    target_compile_features(${part} PRIVATE cxx_std_20 $<TARGET_PROPERTY:${target},COMPILE_FEATURES>)
    target_link_libraries(${part} PRIVATE ctnn::ctnn)
    set_target_properties(${part} PROPERTIES POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${part}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CTNN_LD} -r --force-group-allocation -o ${object}.all $<TARGET_OBJECTS:${part}>
      COMMAND ${CMAKE_OBJCOPY} --wildcard "--keep-global-symbol=ctnn_level_*" ${object}.all ${object}
      DEPENDS ${part} $<TARGET_OBJECTS:${part}>
      COMMENT "Keeping the symbols of ${part} to itself"
      COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    target_sources(${target} PRIVATE ${object})
    target_compile_definitions(${target} PUBLIC CTNN_DISPATCH_HAS_${number})
  endforeach()
endfunction()
