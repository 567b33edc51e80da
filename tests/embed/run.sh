#!/bin/sh
# run.sh EXPORTER COMPILER INCLUDE: exported networks, compiled as for a small device and run; see export.cpp.
exporter=$1
compiler=$2
include=$3
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "failed: $*"; exit 1; }
"$exporter" "$folder" || fail "exporting"
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion"
warnings="$warnings -Wold-style-cast -Werror"
# Only ctnn/embed and ctnn/base are there: neither the rest of ctnn, nor xtensor.
mkdir -p "$folder/include/ctnn"
cp -r "$include/ctnn/base" "$include/ctnn/embed" "$folder/include/ctnn/"
for level in -Os -O3; do
    # shellcheck disable=SC2086 # several warnings
    "$compiler" -std=c++20 $level $warnings -fno-exceptions -fno-rtti -I"$folder/include" -I"$folder" -c \
        "$here/check.cpp" -o "$folder/check.o" || fail "compiling"
    for symbol in _Znw _Zna malloc __cxa_ _ZTI _ZTV; do
        ! nm -u "$folder/check.o" | grep -q " $symbol" || fail "the object needs $symbol"
    done
    "$compiler" "$folder/check.o" -o "$folder/check" || fail "linking"
    "$folder/check" || fail "$level: other answers"
done
echo "all agree"
