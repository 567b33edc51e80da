#!/bin/sh
# build.sh: the page, build/index.html, which opens from disk. Needs emscripten, node and npm.
set -eu
cd "$(dirname "$0")"
for program in emcc node npm; do
    command -v $program >/dev/null || { echo "build.sh: there is no $program" >&2; exit 1; }
done
export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}" # Debian's, where emscripten's own scripts look
mkdir -p build/include
for library in xtensor xsimd xtl nlohmann; do # what else stands in /usr/include is not for WebAssembly
    [ -e build/include/$library ] || ln -s "${CTNN_LIBRARIES:-/usr/include}/$library" build/include/
done
flags="-std=c++20 -O2 -msimd128 -fexceptions -DNDEBUG -I../../include -Ibuild/include"
# shellcheck disable=SC2086 # flags are words
for depth in 1 2 3 4 5 6; do echo $depth; done | xargs -P "$(nproc)" -I@ \
    emcc $flags -DLIVE_DEPTH=@ -c engine/depth.cpp -o build/depth@.o
# shellcheck disable=SC2086
emcc $flags -c engine/engine.cpp -o build/engine.o
functions=_malloc,_free
for function in answer read start steps look names validation step_count network pace save load; do
    functions=$functions,_live_$function
done
emcc -O2 -fexceptions build/engine.o build/depth?.o -o build/engine.js -s MODULARIZE=1 \
    -s EXPORT_NAME=createEngine -s ENVIRONMENT=worker -s ALLOW_MEMORY_GROWTH=1 \
    -s EXPORTED_RUNTIME_METHODS=FS,UTF8ToString,HEAPU8,HEAPF32 -s EXPORTED_FUNCTIONS=$functions
mv build/engine.js build/engine.cjs # node and esbuild take .js for a module here
cmp -s package-lock.json node_modules/.installed || {
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
}
npm run --silent check
npm run --silent build
echo "open $(pwd)/build/index.html"
