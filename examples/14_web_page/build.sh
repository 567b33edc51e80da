#!/bin/sh
# build.sh [FOLDER]: the page and its network, for any web server that serves files: sh build.sh site &&
# python3 -m http.server -d site
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-site}
command -v emcc >/dev/null || { echo "build.sh: there is no emcc (apt-get install emscripten)" >&2; exit 1; }
mkdir -p "$folder"
emcc -std=c++20 -O3 -msimd128 -fno-exceptions -fno-rtti --no-entry -s STANDALONE_WASM -s \
    EXPORTED_FUNCTIONS=_start_with,_make_name \
    -I"$here/../../include" "$here/main.cpp" -o "$folder/names.wasm"
cp "$here/index.html" "$folder/"
