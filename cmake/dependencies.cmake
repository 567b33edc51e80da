# xtensor and xsimd: what is installed; or the versions below, fetched; or sources that are at hand.
option(CTNN_FETCH_DEPENDENCIES "Fetch xtl, xtensor and xsimd instead of looking for installed ones" OFF)
set(CTNN_DEPENDENCIES_FROM "" CACHE PATH "A folder with the sources xtl, xtensor and xsimd")

set(ctnn_brings_its_own OFF)
if(CTNN_FETCH_DEPENDENCIES OR CTNN_DEPENDENCIES_FROM)
  set(ctnn_brings_its_own ON)
  include(FetchContent)
  # xtl 0.8.2, xtensor 0.27.1, xsimd 14.3.0
  set(ctnn_commit_of_xtl c52350e283b98e5d69dbc50726925a1f8e16c57c)
  set(ctnn_commit_of_xtensor f115228a7fc277b9be1bef34572831f8fd53ac73)
  set(ctnn_commit_of_xsimd e88a72831858123924f7118f345dfe5d70d95991)
  foreach(library xtl xtensor xsimd)
    if(CTNN_DEPENDENCIES_FROM)
      get_filename_component(folder ${CTNN_DEPENDENCIES_FROM}/${library} ABSOLUTE)
      if(NOT EXISTS ${folder}/CMakeLists.txt)
        message(FATAL_ERROR "CTNN_DEPENDENCIES_FROM: there is no ${folder}/CMakeLists.txt")
      endif()
      string(TOUPPER FETCHCONTENT_SOURCE_DIR_${library} source)
      set(${source} ${folder})
    endif()
    FetchContent_Declare(
      ${library}
      GIT_REPOSITORY https://github.com/xtensor-stack/${library}.git
      GIT_TAG ${ctnn_commit_of_${library}}
      OVERRIDE_FIND_PACKAGE)
  endforeach()
endif()

set(ctnn_least_xtensor 0.24.3)
set(ctnn_least_xsimd 8.1.0)
find_package(xtensor ${ctnn_least_xtensor} REQUIRED)
find_package(xsimd REQUIRED) # its package refuses to be of a later major version than one asks for
if(xsimd_VERSION AND xsimd_VERSION VERSION_LESS ctnn_least_xsimd)
  message(FATAL_ERROR "ctnn needs xsimd ${ctnn_least_xsimd} or newer, this is ${xsimd_VERSION}")
endif()
if(ctnn_brings_its_own)
  foreach(library xtl xtensor xsimd)
    set_target_properties(${library} PROPERTIES SYSTEM ON) # their warnings are theirs
    set_property(DIRECTORY ${${library}_SOURCE_DIR} PROPERTY EXCLUDE_FROM_ALL ON) # not installed with ctnn
  endforeach()
endif()

# Only what reads and writes files needs the first of these, and only the report the second.
set(ctnn_least_nlohmann_json 3.11)
set(ctnn_least_fmt 9)
find_package(nlohmann_json ${ctnn_least_nlohmann_json} QUIET)
find_package(fmt ${ctnn_least_fmt} QUIET)
if(NOT TARGET nlohmann_json::nlohmann_json)
  message(STATUS "ctnn::io and ctnn::report are left out: no nlohmann-json ${ctnn_least_nlohmann_json}")
elseif(NOT TARGET fmt::fmt)
  message(STATUS "ctnn::report is left out: no fmt ${ctnn_least_fmt}")
endif()

# Threads for parallel/; MPI, for several machines, only where it is asked for.
find_package(Threads QUIET)
if(CTNN_WITH_MPI)
  find_package(MPI REQUIRED COMPONENTS CXX)
endif()
