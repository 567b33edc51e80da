#!/bin/sh
# digits.sh PROGRAM CASE SOURCE COMPILER: examples/04_digits as a user runs it.
set -u
digits=$1
source=$3
compiler=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() { echo "FAILED: $*"; cat out err 2>/dev/null; exit 1; }
run() { "$digits" "$@" >out 2>err || fail "it ended with $?"; }

case $2 in
figures) # the losses of PyTorch, step by step, and more than 97 % right
    run whole
    grep -qE '^[0-9]+ steps in [0-4]\.[0-9]+ s; of 359 digits held out 9[7-9]\.[0-9]+ % are right$' out ||
        fail "fewer than 97 % are right, or it took 5 s"
    grep -qE '^with weights of one byte 9[7-9]\.' out || fail "weights of one byte cost too much"
    [ "$(wc -c <whole/digits.hpp)" -lt 60000 ] || fail "the header has 60,000 bytes or more"
    sed -n 's/.*"loss": \([^,]*\),.*/\1/p' whole/metrics.jsonl | head -n 200 |
        paste - "$source/tests/golden/digits-losses.txt" | awk '
            { d = $1 > $2 ? $1 - $2 : $2 - $1; if (!(d <= 1e-3)) bad = 1; if (d > most) most = d }
            END { print "the largest difference of " NR " losses is " most; exit bad || NR != 200 }' ||
        fail "other losses than PyTorch's"
    for picture in digits-confusion digits-network learning-rate metric-accuracy loss; do
        grep -q "id=\"$picture\"" whole/report.html || fail "no figure $picture"
    done
    cp whole/report.html first; run whole; cmp whole/report.html first || fail "reported again"
    ;;
killed) # 50 times at any moment: it ends in the same bits, and each line of the metrics is there once
    run whole
    kills=0
    while [ $kills -lt 50 ]; do
        # With what it has started, as in a power cut: a gnuplot left alone would draw into the next run.
        setsid "$digits" again >out 2>err &
        pid=$!
        sleep "$(awk -v n="$kills$pid" 'BEGIN { srand(n); print rand() * 0.2 }')"
        kill -9 -$pid 2>/dev/null
        wait $pid 2>/dev/null
        code=$?
        case $code in
        137) kills=$((kills + 1)) ;;
        0)
            cmp whole/training.safetensors again/training.safetensors || fail "other weights, $kills"
            cmp whole/metrics.jsonl again/metrics.jsonl || fail "other metrics, $kills"
            rm -rf again
            ;;
        *) fail "it ended with $code after $kills kills" ;;
        esac
    done
    run again
    cmp whole/training.safetensors again/training.safetensors || fail "other weights"
    cmp whole/metrics.jsonl again/metrics.jsonl || fail "other metrics"
    ;;
signal)
    rm -f out
    "$digits" stopped >out 2>err &
    pid=$!
    while ! grep -qs accuracy out; do sleep 0.01; done
    kill -INT $pid
    wait $pid
    code=$?
    # It may have been done before the signal came.
    if [ $code -eq 130 ]; then
        grep -q "after step [0-9]*; saved in 'stopped/training.safetensors'; run this again" \
            err || fail "it does not say how it goes on"
    elif [ $code -ne 0 ]; then fail "SIGINT ended it with $code"; fi
    run stopped
    run whole
    cmp whole/training.safetensors stopped/training.safetensors || fail "other weights after a signal"
    ;;
device) # the exported network on this machine and on a Cortex-M
    run digits
    "$compiler" -std=c++20 -O2 -Wall -Wextra -Werror -Idigits -I"$source/include" \
        "$source/examples/04_digits/device.cpp" -o device || fail "building"
    ./device >expected
    # The picture of a 5 is one of those that it takes for another digit.
    [ "$(awk '$1 == $2' expected | wc -l)" -ge 9 ] || { cp expected out; fail "too many other digits"; }
    command -v arm-none-eabi-g++ >/dev/null || { echo "skipped: there is no arm-none-eabi-g++"; exit 0; }
    arm-none-eabi-g++ -std=c++20 -Os -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb \
        -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics -Wall -Wextra -Werror -Idigits \
        -I"$source/include" -T "$source/examples/13_embed/cortex-m/memory.ld" \
        "$source/examples/04_digits/device.cpp" -o device.elf || fail "building for a Cortex-M"
    arm-none-eabi-size device.elf | awk 'NR == 2 { print $1 " bytes of flash" }'
    command -v qemu-system-arm >/dev/null || { echo "skipped: there is no qemu-system-arm"; exit 0; }
    timeout 60 qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel device.elf >/dev/null 2>out ||
        fail "running"
    cmp out expected || fail "the chip sees other digits"
    ;;
*) echo "no case $2"; exit 1 ;;
esac
