# ctnn::io and ctnn::report: ctnn with what these folders of headers need beside xtensor and xsimd, where that
# has been found.
if(TARGET nlohmann_json::nlohmann_json AND NOT TARGET ctnn::io)
  add_library(ctnn::io INTERFACE IMPORTED GLOBAL)
  target_link_libraries(ctnn::io INTERFACE ctnn::ctnn nlohmann_json::nlohmann_json)
endif()
if(TARGET ctnn::io AND TARGET fmt::fmt AND NOT TARGET ctnn::report)
  add_library(ctnn::report INTERFACE IMPORTED GLOBAL)
  target_link_libraries(ctnn::report INTERFACE ctnn::io fmt::fmt)
endif()
