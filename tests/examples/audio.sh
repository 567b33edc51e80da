#!/bin/sh
# audio.sh PROGRAM SOURCE COMPILER: examples/08_audio with few steps, a recording of its own making, and files
# that cannot be.
set -u
audio=$1
source=$2
compiler=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() { echo "FAILED: $*"; cat out err 2>/dev/null; exit 1; }

"$audio" made 60 >out 2>err || fail "it ended with $?"
for network in lstm convolution; do
    grep -qE "^$network +blocks of 64: .* 0 allocations$" out || fail "$network allocates, or did not play"
    grep -qE "^$network +error -[1-9][0-9]?\.[0-9] dB$" out || fail "$network has learnt nothing"
    [ "$(wc -c <"made/$network.wav")" -gt 1900000 ] || fail "no $network.wav"
done
grep -q '^"Hz","amplifier","lstm","convolution"$' made/amplifier-spectra.csv || fail "no spectra"
"$compiler" -std=c++20 -O1 -Imade -I"$source/include" "$source/examples/08_audio/embedded.cpp" -o embedded ||
    fail "the headers do not compile"
[ "$(./embedded | grep -c ': the same output$')" -eq 2 ] || fail "the exported networks give another output"

"$audio" again 10 made/amplifier.wav >out 2>err || fail "it does not read its own recording"
# the heads differ by their dates
tail -c 1900000 made/amplifier.wav >one
tail -c 1900000 again/dry.wav | cmp - one || fail "it reads something else"
"$audio" again 10 nowhere.wav >out 2>err && fail "it reads what is not there"
grep -q "^\[ctnn.data\] cannot read 'nowhere.wav': " err || fail "it does not name the file"
