#!/bin/sh
# cortex_m.sh SOURCE COMPILER: examples/13_embed/cortex-m built for two chips, and run in an emulator: the
# names are those of the desktop's program.
set -u
source=$1
compiler=$2
command -v arm-none-eabi-g++ >/dev/null ||
    {
        echo "skipped: there is no arm-none-eabi-g++:" \
            "apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"
        exit 0
    }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$source/examples/13_embed/cortex-m" || exit 1
"$compiler" -std=c++20 -Os -I"$source/include" ../main.cpp -o "$folder/names" || exit 1
"$folder/names" >"$folder/expected" || exit 1
build() {
    machine=$1
    shift
    # The line of the example's own description, with the chip's flags.
    arm-none-eabi-g++ -std=c++20 -Os "$@" -mthumb -fno-exceptions -fno-rtti -nostartfiles \
        -fno-threadsafe-statics -Wall -Wextra -Werror \
        -I"$source/include" -T memory.ld main.cpp -o "$folder/$machine.elf" ||
            { echo "FAILED: building for $machine"; exit 1; }
    arm-none-eabi-size "$folder/$machine.elf" | awk -v m="$machine" \
        'NR == 2 { print m ": " $1 " bytes of flash, " $2 + $3 " bytes of static memory" }'
    ! arm-none-eabi-nm "$folder/$machine.elf" | grep -E ' (malloc|_sbrk|_Znw.*|__cxa_throw)$' ||
        { echo "FAILED: it has a heap or exceptions"; exit 1; }
    if command -v qemu-system-arm >/dev/null; then
        timeout 60 qemu-system-arm -M "$machine" -nographic -semihosting -kernel "$folder/$machine.elf" \
            >/dev/null 2>"$folder/out" || { echo "FAILED: running"; exit 1; }
        cmp "$folder/out" "$folder/expected" ||
            { echo "FAILED: $machine makes other names"; cat "$folder/out"; exit 1; }
        echo "$machine: the same ten names"
    fi
}
build mps2-an385 -mcpu=cortex-m3
build mps2-an386 -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
