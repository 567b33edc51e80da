# xtensor and xsimd: what is installed; or the versions below, fetched; or sources that are at hand.
option(CTNN_FETCH_DEPENDENCIES "Fetch xtl, xtensor and xsimd instead of looking for installed ones" OFF)
set(CTNN_DEPENDENCIES_FROM "" CACHE PATH "A folder with the sources xtl, xtensor and xsimd")

if(CTNN_FETCH_DEPENDENCIES OR CTNN_DEPENDENCIES_FROM)
  include(FetchContent)
  # xtl 0.8.2, xtensor 0.27.1, xsimd 14.3.0
  set(ctnn_commit_of_xtl c52350e283b98e5d69dbc50726925a1f8e16c57c)
  set(ctnn_commit_of_xtensor f115228a7fc277b9be1bef34572831f8fd53ac73)
  set(ctnn_commit_of_xsimd e88a72831858123924f7118f345dfe5d70d95991)
  foreach(library xtl xtensor xsimd)
    if(CTNN_DEPENDENCIES_FROM)
      string(TOUPPER FETCHCONTENT_SOURCE_DIR_${library} folder)
      set(${folder} ${CTNN_DEPENDENCIES_FROM}/${library})
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
find_package(xsimd ${ctnn_least_xsimd} REQUIRED)
if(CTNN_FETCH_DEPENDENCIES OR CTNN_DEPENDENCIES_FROM)
  set_target_properties(xtl xtensor xsimd PROPERTIES SYSTEM ON) # their warnings are theirs
endif()
# Only what reads and writes files needs the first of these, and only the report the second.
set(ctnn_least_nlohmann_json 3.11)
set(ctnn_least_fmt 9)
find_package(nlohmann_json ${ctnn_least_nlohmann_json} QUIET)
find_package(fmt ${ctnn_least_fmt} QUIET)
