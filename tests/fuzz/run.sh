#!/bin/sh
# run.sh SECONDS: builds the fuzz targets with clang and runs both at once for so long; what they find lands
# in build/fuzz.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
folder=build/fuzz
mkdir -p $folder/model_file $folder/words
rm -f $folder/fuzz_model_file $folder/fuzz_words
flags="-std=c++20 -O1 -g1 -Iinclude -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"
# shellcheck disable=SC2086 # several flags
for target in model_file words; do clang++ $flags tests/fuzz/$target.cpp -o $folder/fuzz_$target & done
wait
for target in model_file words; do [ -x $folder/fuzz_$target ] || exit 1; done
cp tests/fuzz/seed.safetensors $folder/model_file/
head -c 300 examples/data/names.txt >$folder/words/seed
$folder/fuzz_model_file -max_total_time="$seconds" -max_len=4096 -artifact_prefix=$folder/ \
    $folder/model_file >$folder/model_file.log 2>&1 &
model_file=$!
$folder/fuzz_words -max_total_time="$seconds" -max_len=20000 -artifact_prefix=$folder/ $folder/words \
    >$folder/words.log 2>&1 &
words=$!
code=0
wait $model_file || { code=1; tail -n 40 $folder/model_file.log; }
wait $words || { code=1; tail -n 40 $folder/words.log; }
grep -h '^Done' $folder/model_file.log $folder/words.log
exit $code
