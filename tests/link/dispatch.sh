#!/bin/sh
# dispatch.sh COMPILER FOLDER OBJECT... -- the objects of the levels of examples/15_dispatch.
# Each object has one symbol for others to see. In whatever order they are linked, the program runs on the
# emulated CPU of each level, takes that level, and gives the same names; below all levels it says so.
set -eu
compiler=$1 folder=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
command -v qemu-x86_64 >/dev/null || { echo "skipped: there is no qemu-x86_64 (qemu-user)"; exit; }
fail() { echo "$*" >&2; exit 1; }
[ $# = 3 ] || fail "expected three levels, found $#"

for object; do
    seen=$(nm "$object" | awk '$(NF-1) ~ /[A-Zu]/ && $(NF-1) != "U" {print $NF}')
    case $seen in
        ctnn_level_[2-4]_names) ;;
        *) fail "$object shows others: $seen" ;;
    esac
done

mkdir -p "$folder"
"$compiler" -std=c++20 -O2 -DCTNN_DISPATCH_HAS_2 -DCTNN_DISPATCH_HAS_3 -DCTNN_DISPATCH_HAS_4 \
    "-DCTNN_NAMES_FILE=\"$here/examples/data/names.txt\"" "-I$here/include" \
    -c "$here/examples/15_dispatch/main.cpp" -o "$folder/main.o"
cd "$folder"
: >names
runs() { # COMMAND... prints the code that it took; what follows is the same for all
    "$@" >out 2>err || fail "$* fails: $(cat err)"
    sed 1d out >now
    [ -s names ] || cp now names
    cmp -s now names || fail "$* gives other names: $(cat now)"
    sed -n '1s/.* //p' out
}
for order in "$1 $2 $3" "$1 $3 $2" "$2 $1 $3" "$2 $3 $1" "$3 $1 $2" "$3 $2 $1"; do
    for side in "main.o $order" "$order main.o"; do
        # shellcheck disable=SC2086
        "$compiler" $side -o program
        [ "$(runs qemu-x86_64 -cpu Nehalem ./program 100)" = sse4 ] || fail "not sse4 on v2 ($side)"
        [ "$(runs qemu-x86_64 -cpu Haswell ./program 100)" = avx2 ] || fail "not avx2 on v3 ($side)"
        here_is=$(runs ./program 100)
    done
done
case $(grep -m1 '^flags' /proc/cpuinfo) in
    *avx512bw*avx512vl*) [ "$here_is" = avx512 ] || fail "not avx512 here but $here_is" ;;
esac
[ "$(CTNN_LEVEL=v2 ./program 100 | sed -n '1s/.* //p')" = sse4 ] || fail "CTNN_LEVEL=v2 does not count"
if qemu-x86_64 -cpu core2duo ./program >out 2>err; then fail "it runs below all levels"; fi
grep -q "\[ctnn.cpu\] 'names' needs x86-64-v2, here is x86-64-v1" err || fail "below all levels: $(cat err)"
echo "twelve orders, three levels, the same names"
