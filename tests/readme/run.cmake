# cmake -DREADME=... -DCOMPILER=... -DINCLUDE=... -DFLAGS=... -DROOT=... -DWORK=... -P run.cmake
# The README's program compiles as it stands and prints what the README says: the same steps, losses within
# 0.02 (the width of registers shifts the last digits of sums, and 20,000 steps enlarge that), and three
# names.
file(READ ${README} text)
if(NOT text MATCHES "```cpp\n([^`]+)```")
  message(FATAL_ERROR "no program in the README")
endif()
string(REPLACE "@SEMICOLON@" ";" program "${CMAKE_MATCH_1}")
file(WRITE ${WORK}/readme.cpp "${program}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(COMMAND ${COMPILER} -std=c++20 -O2 ${flags} -I${INCLUDE} ${WORK}/readme.cpp -o ${WORK}/readme
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${WORK}/readme WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL
                ANY)
if(NOT text MATCHES "print\n\n```text\n([^`]+)```")
  message(FATAL_ERROR "no output in the README")
endif()
set(claimed "${CMAKE_MATCH_1}")
string(REGEX MATCHALL "[0-9]+  [0-9]\\.[0-9]+" claimed_losses "${claimed}")
string(REGEX MATCHALL "[0-9]+  [0-9]\\.[0-9]+" losses "${output}")
list(LENGTH claimed_losses n)
list(LENGTH losses m)
if(n EQUAL 0 OR NOT n EQUAL m)
  message(FATAL_ERROR "the README shows ${n} losses, the program prints ${m}:\n${output}")
endif()
foreach(a b IN ZIP_LISTS claimed_losses losses)
  string(REGEX MATCH "^([0-9]+)  ([0-9])\\.([0-9]+)$" whole "${a}")
  set(step ${CMAKE_MATCH_1})
  set(x "${CMAKE_MATCH_2}${CMAKE_MATCH_3}")
  string(REGEX MATCH "^([0-9]+)  ([0-9])\\.([0-9]+)$" whole "${b}")
  math(EXPR difference "${x} - ${CMAKE_MATCH_2}${CMAKE_MATCH_3}")
  if(NOT step STREQUAL CMAKE_MATCH_1 OR difference GREATER 200 OR difference LESS -200)
    message(FATAL_ERROR "the README says '${a}', the program prints '${b}'")
  endif()
endforeach()
string(REGEX MATCHALL "\n[a-z]+" names "${output}")
list(LENGTH names count)
if(NOT count EQUAL 3)
  message(FATAL_ERROR "${count} names instead of three:\n${output}")
endif()

# The wrong network of the README: one error, and with g++ the very lines that the README shows.
string(REPLACE "Linear<30, 200, NoBias>" "Linear<31, 200>" wrong "${program}")
if(wrong STREQUAL program OR NOT text MATCHES "[ \n]mistake\\]\\([^)]*\\):\n\n```text\n([^`]+)\n```")
  message(FATAL_ERROR "no wrong network in the README")
endif()
string(REGEX REPLACE "\n +" " " claimed "${CMAKE_MATCH_1}") # the README wraps them
string(REPLACE "\n" ";" claimed_lines "${claimed}")
string(REGEX REPLACE "‘|’" "'" claimed_lines "${claimed_lines}") # g++ quotes as the locale has it
file(WRITE ${WORK}/readme-wrong.cpp "${wrong}")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -fno-diagnostics-color -I${INCLUDE}
                ${WORK}/readme-wrong.cpp
                ERROR_VARIABLE message OUTPUT_QUIET RESULT_VARIABLE result)
string(REGEX REPLACE "‘|’" "'" message "${message}")
string(REGEX MATCHALL "error:" errors "${message}")
list(LENGTH errors count)
if(result EQUAL 0 OR NOT count EQUAL 1)
  message(FATAL_ERROR "${count} errors instead of one:\n${message}")
endif()
execute_process(COMMAND ${COMPILER} --version OUTPUT_VARIABLE version)
if(version MATCHES "\\(Debian 12|\\(GCC\\) 12|Debian 12\\.")
  # The message itself holds a ';', which CMake takes for the end of a list element: every piece must be
  # there.
  foreach(line IN LISTS claimed_lines)
    string(FIND "${message}" "${line}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "the README shows\n  ${line}\nwhich is not in the message:\n${message}")
    endif()
  endforeach()
endif()

# The other lines of C++ in the README compile where the names they use stand for what the README says.
set(lines)
set(rest "${text}")
while(rest MATCHES "```cpp\n([^`]+)```")
  string(APPEND lines "{\n${CMAKE_MATCH_1}}\n")
  string(REPLACE "${CMAKE_MATCH_0}" "" rest "${rest}")
endwhile()
string(REPLACE "{\n${program}}\n" "" lines "${lines}")
if(lines STREQUAL "" OR rest MATCHES "```cpp")
  message(FATAL_ERROR "no other lines of C++ in the README, or some with a backtick")
endif()
file(WRITE ${WORK}/readme-lines.cpp [[
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/io/pick_model.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/train/training.hpp>
#include <cstdio>
using namespace ctnn;
using NameNet = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;
using Small = Sequential<Linear<2, 3>>;
using Large = Sequential<Linear<2, 4>>;
using Voice = Sequential<Input<64, 1>, Lstm<1, 16>, Linear<16, 1>>;
void readme(Model<NameNet, Train<32, RetainGradients>>& model, Model<NameNet, Eval>& other,
            CrossEntropy<>& criterion, Sgd<NameNet>& sgd, const xt::xtensor<class_id, 2>& contexts,
            const xt::xtensor<class_id, 1>& targets, float loss, std::size_t step, Generator& generator,
            Minibatches<32>& batches, const Vocabulary& vocabulary, AdamW<NameNet>& adam_w,
            Epochs<32, xt::xtensor<class_id, 2>, xt::xtensor<class_id, 1>>& epochs,
            EarlyStopping<NameNet>& stopping, ObserveAll& observer, Run& run, bool again,
            const Model<Voice, Train<32>>& trained, std::span<float> block)
{
]] "${lines}}\n")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE} ${WORK}/readme-lines.cpp
                COMMAND_ERROR_IS_FATAL ANY)
