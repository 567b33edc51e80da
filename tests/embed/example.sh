#!/bin/sh
# example.sh SOURCE COMPILER: examples/13_embed as a project of its own, and by the line in its
# CMakeLists.txt: its size, its allocations, what it prints and how it ends.
set -u
source=$1
compiler=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; [ -e err ] && cat err; exit 1; }
# Elsewhere, with the exported header, ctnn/embed and ctnn/base beside it and nothing more of ctnn.
mkdir -p "$folder/app" "$folder/include/ctnn"
cp "$source/examples/13_embed/CMakeLists.txt" "$source/examples/13_embed/main.cpp" \
    "$source/examples/13_embed/names.hpp" "$folder/app/"
cp -r "$source/include/ctnn/base" "$source/include/ctnn/embed" "$folder/include/ctnn/"
cd "$folder" || exit 1
cmake -G Ninja -S app -B build -DCMAKE_BUILD_TYPE=MinSizeRel -DCMAKE_CXX_COMPILER="$compiler" \
    -DCTNN_INCLUDE="$folder/include" >log 2>&1 || { cat log; fail "configuring"; }
cmake --build build >log 2>&1 || { cat log; fail "building"; }
by_hand='s|^#   g++ \(.*\) -I../../include \(.*\) -o names$|\1 -I../include \2 -o by_hand|p'
line=$(sed -n "$by_hand" app/CMakeLists.txt)
[ -n "$line" ] || fail "no line to build by hand in CMakeLists.txt"
# shellcheck disable=SC2086 # several flags
(cd app && "$compiler" $line) || fail "building by hand: $line"
strip build/names -o stripped
for program in stripped app/by_hand; do
    size=$(wc -c <$program)
    [ "$size" -le $((120 * 1024)) ] || fail "$program has $size bytes, more than 120 KiB"
    echo "$program: $size bytes"
done
run() {
    expected=$1
    shift
    build/names "$@" >out 2>err
    code=$?
    [ $code -eq "$expected" ] || fail "names $* ended with $code, expected $expected"
}
run 0; [ "$(wc -l <out)" -eq 10 ] || fail "ten names"
run 0 --count 3 --seed 7 --start-with emm
[ "$(grep -c '^emm' out)" -eq 3 ] || fail "three that start with emm"
run 0 --seed 5 --count 100; cp out once; run 0 --seed 5 --count 100; cmp out once || fail "a seed's names"
run 0 --seed 6 --count 100; ! cmp -s out once || fail "another seed, the same names"
run 0 --count 0; [ ! -s out ] || fail "no names"
run 0 --help; grep -q '^usage: names' out || fail "no help"
for wrong in '--count x' '--count -1' '--count' '--seed 1x' '--nonsense 1' '--start-with é' \
    '--start-with A' '--start-with abcdefghijklmnopqrstuvwxyzabcdefg'; do
    # shellcheck disable=SC2086 # two words
    run 1 $wrong
done
if [ -e /dev/full ]; then
    build/names >/dev/full 2>err; [ $? -eq 4 ] || fail "a full disk"
    build/names --help >/dev/full 2>err; [ $? -eq 4 ] || fail "a full disk, help"
fi
cc -shared -fPIC "$source/tests/embed/count_allocations.c" -o count.so || fail "the counter"
LD_PRELOAD=$folder/count.so build/names --count 1000 --start-with a >out 2>err || fail "counted"
grep -q '^allocations: 0$' err || fail "it allocates: $(cat err)"
LD_PRELOAD=$folder/count.so sort out 2>err >/dev/null
! grep -q '^allocations: 0$' err || fail "nothing is counted"
echo "no allocation while it makes 1000 names"
