# Building for another machine with Debian's cross compilers, and running what was built with an emulator:
#   cmake --preset test -B build/aarch64 --toolchain cmake/cross.cmake -DCTNN_CROSS=aarch64-linux-gnu
# CTNN_CROSS is aarch64-linux-gnu, arm-linux-gnueabihf, riscv64-linux-gnu or s390x-linux-gnu, with qemu-user;
# or x86_64-w64-mingw32, Windows, with wine.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CTNN_CROSS)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${CTNN_CROSS}")
if(CTNN_CROSS MATCHES "mingw")
  set(CMAKE_SYSTEM_NAME Windows)
  set(CMAKE_CXX_COMPILER ${CTNN_CROSS}-g++-posix)
  set(CMAKE_CXX_FLAGS_INIT -Wa,-mbig-obj) # a unit of many networks has more sections than 65,536
  set(CMAKE_EXE_LINKER_FLAGS_INIT -static) # so that the compiler's own libraries need not be found
  set(CMAKE_CROSSCOMPILING_EMULATOR wine)
else()
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_CXX_COMPILER ${CTNN_CROSS}-g++)
  if(CTNN_CROSS MATCHES "^arm-")
    set(CMAKE_CXX_FLAGS_INIT "-mfpu=neon -Wno-psabi") # NEON, which has no doubles there
  endif()
  set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${CMAKE_SYSTEM_PROCESSOR};-L;/usr/${CTNN_CROSS})
endif()

# The libraries are headers, the same for every machine: those in /usr/include, without what is beside them.
set(cross_packages ${CMAKE_BINARY_DIR}/cross)
file(MAKE_DIRECTORY ${cross_packages}/include)
foreach(package "xtl xtl xtl" "xtensor xtensor xtensor" "xsimd xsimd xsimd" "doctest doctest doctest::doctest"
        "nlohmann_json nlohmann nlohmann_json::nlohmann_json" "fmt fmt fmt::fmt" "CLI11 CLI CLI11::CLI11")
  string(REPLACE " " ";" package ${package})
  list(GET package 0 name)
  list(GET package 1 folder)
  list(GET package 2 target)
  file(CREATE_LINK /usr/include/${folder} ${cross_packages}/include/${folder} SYMBOLIC)
  file(WRITE ${cross_packages}/${name}Config.cmake
       "if(NOT TARGET ${target})\n"
       "  add_library(${target} INTERFACE IMPORTED)\n"
       "  target_include_directories(${target} INTERFACE ${cross_packages}/include)\n"
       "  target_compile_definitions(${target} INTERFACE FMT_HEADER_ONLY)\n"
       "endif()\n")
  file(WRITE ${cross_packages}/${name}ConfigVersion.cmake
       "set(PACKAGE_VERSION \${PACKAGE_FIND_VERSION})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
  set(${name}_DIR ${cross_packages})
endforeach()
list(APPEND CMAKE_MODULE_PATH /usr/lib/cmake/doctest)
