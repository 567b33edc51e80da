#!/bin/sh
# fashion.sh PROGRAM SOURCE COMPILER: examples/07_fashion on small files of noise, all of one class; and what
# it says when there are none.
set -u
fashion=$1
source=$2
compiler=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() { echo "FAILED: $*"; cat out err 2>/dev/null; exit 1; }

"$fashion" nowhere made >out 2>err && fail "it took files that are not there"
grep -q "nowhere/train-images-idx3-ubyte" err || fail "it does not name the file"

mkdir data
write() { # NAME COUNT-IN-OCTAL COUNT
    { printf '\0\0\10\3\0\0\0%b\0\0\0\34\0\0\0\34' "\\0$2"; head -c $(($3 * 784)) /dev/urandom; } \
        >"data/$1-images-idx3-ubyte"
    { printf '\0\0\10\1\0\0\0%b' "\\0$2"; head -c "$3" /dev/zero; } >"data/$1-labels-idx1-ubyte"
}
write train 202 130
write t10k 24 20
"$fashion" data made 4 >out 2>err || fail "it ended with $?"
grep -q "54778 parameters, 12 steps in .* held out 100.00 % are right, with weights of one byte 100" out ||
    fail "it has not learnt the only class"
for picture in fashion-mistakes fashion-filters fashion-confusion; do
    grep -q "id=\"$picture\"" made/report.html || command -v gnuplot >/dev/null || continue
    [ -f "made/$picture.csv" ] || fail "no figure $picture"
done
grep -q 'href="data:image/bmp;base64,' made/report.html || fail "no filters in the report"
"$compiler" -std=c++20 -O1 -Imade -I"$source/include" "$source/examples/07_fashion/device.cpp" -o device ||
    fail "the header does not compile"
[ "$(./device | grep -c '^T-shirt: T-shirt$')" -eq 10 ] || fail "the exported network sees something else"
if command -v arm-none-eabi-g++ >/dev/null && command -v qemu-system-arm >/dev/null; then
    cd "$source/examples/07_fashion" || exit 1
    arm-none-eabi-g++ -std=c++20 -O2 -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb \
        -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics -I"$folder/made" -I../../include \
        -T ../13_embed/cortex-m/memory.ld -Wl,--defsym=ram_size=128K device.cpp -o "$folder/device.elf" ||
        { echo "FAILED: building for a Cortex-M"; exit 1; }
    cd "$folder" || exit 1
    timeout 100 qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel device.elf >/dev/null 2>chip ||
        fail "running on a Cortex-M"
    ./device | cmp - chip || fail "a Cortex-M sees something else"
fi
