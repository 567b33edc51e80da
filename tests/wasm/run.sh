#!/bin/sh
# run.sh COMPILER INCLUDE: a training in WebAssembly, with its registers and without, has the losses that it
# has here.
set -u
compiler=$1 include=$2
here=$(cd "$(dirname "$0")" && pwd)
for program in emcc node; do
    command -v $program >/dev/null ||
        { echo "skipped: there is no $program (apt-get install emscripten)"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# copies, because what else stands beside them is not for WebAssembly
mkdir "$work/include"
for library in xtensor xsimd xtl; do
    [ -d /usr/include/$library ] || { echo "skipped: $library is not in /usr/include"; exit 0; }
    cp -r /usr/include/$library "$work/include/"
done
"$compiler" -std=c++20 -O1 -w -I"$include" "$here/train.cpp" -o "$work/native" || exit 1
"$work/native" >"$work/expected" || exit 1
for registers in '' -msimd128; do
    # shellcheck disable=SC2086 # an option or none
    emcc -std=c++20 -O1 -w $registers -DNDEBUG -s STANDALONE_WASM=1 -I"$include" -I"$work/include" \
        "$here/train.cpp" -o "$work/train.wasm" || exit 1
    node "$here/run.mjs" "$work/train.wasm" >"$work/found" || exit 1
    paste "$work/expected" "$work/found" | awk '
        { off = $2 - $4; if ($1 != $3 || off > 1e-3 || off < -1e-3) { print; wrong = 1 } ++lines }
        END { exit wrong || lines != 7 }' || { echo "FAILED: other losses with '$registers'"; exit 1; }
done
cat "$work/found"
