#!/bin/sh
# makemore.sh PROGRAM CASE: runs the trainer as a user would and looks at what it prints and how it ends.
set -u
makemore=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

fail() {
    echo "FAILED: $*"
    echo "--- stdout"; cat out
    echo "--- stderr"; cat err
    exit 1
}
# run EXPECTED_CODE ARGUMENTS...
run() {
    expected=$1
    shift
    "$makemore" "$@" >out 2>err </dev/null
    code=$?
    [ "$code" -eq "$expected" ] || fail "makemore $* ended with $code, expected $expected"
}
has() { grep -qE -- "$2" "$1" || fail "$1 lacks: $2"; }
lacks() { if grep -qE -- "$2" "$1"; then fail "$1 holds: $2"; fi; }
words() { i=0; while [ $i -lt "$1" ]; do echo "name"; echo "mane"; i=$((i + 1)); done; }

case $2 in
help)
    run 0 --help; has out 'train'; has out 'stages'
    run 0 train --help
    for option in stage data steps learning-rate decay-at seed metrics samples; do has out "--$option"; done
    has out 'batchnorm'; has out '200000'; has out '2147483647'; has out '0\.1'
    ;;
train)
    run 0 train --stage deep --steps 200 --samples 3
    has out '^      0/    200: 3\.[0-9]{4}$'
    has out '^    180/    200: [0-9]\.[0-9]{4}$'
    has out 'train [0-9.]+ +validation [0-9.]+ +test [0-9.]+'
    [ "$(tail -n 3 out | grep -cE '^[a-z]*$')" -eq 3 ] || fail "three names"
    for stage in baseline calm-output calm-tanh kaiming batchnorm; do run 0 train --stage $stage --steps 20 --samples 1; done
    words 20 | sed 's/$/\r/' >small.txt # CRLF and few letters
    run 0 train --data small.txt --steps 50 --samples 5
    lacks out '[^ -~]'
    ;;
metrics)
    run 0 train --steps 30 --metrics m.jsonl --samples 0
    [ "$(wc -l <m.jsonl)" -eq 30 ] || fail "30 lines"
    cp m.jsonl out
    [ "$(grep -cE '^\{"step": [0-9]+, "loss": [0-9.]+, "learning_rate": 0\.1[0-9]*\}$' m.jsonl)" -eq 30 ] || fail "every line an object"
    ;;
usage)
    run 1; run 1 nonsense; run 1 train --stage nonsense; has err 'nonsense'
    run 1 train --steps 0; run 1 train --steps -5; run 1 train --steps many; run 1 train --learning-rate -1; run 1 train --learning-rate nan
    run 1 train --unknown; has err 'unknown'
    run 1 train --seed -1; run 1 train --seed 99999999999999999999; has err 'is not a whole number from 0 to 18446744073709551615'
    run 1 train --steps 99999999999999999999; run 1 train --steps 12x; run 1 train --learning-rate 1e39; has err "'1e39' is not a number"
    ;;
input)
    run 2 train --data no-such-file; has err "cannot read 'no-such-file': No such file"
    run 2 train --data .; has err 'Is a directory'
    : >empty; run 2 train --data empty; has err 'holds no word'
    printf '\n\n' >blank; run 2 train --data blank; has err 'holds no word'
    echo abc >one; run 2 train --data one; has err 'the training part of the split is empty'
    { words 10; printf 'ABCDEFGHIJ\nKLMNOPQRSTUVWXYZ\n'; } >many; run 2 train --data many; has err 'many, line 22, column [0-9]+: byte 0x'; has err '26'
    head -c 5000 /dev/zero | tr '\0' x >long; run 2 train --data long; has err 'line 1: the line has 5000 bytes'
    ;;
diverged)
    run 3 train --learning-rate 1e30 --steps 100
    has err 'the loss of step [0-9]+ is (-?nan|inf)'; has err 'layer'
    ;;
output)
    run 4 train --steps 5 --metrics no-such-folder/m.jsonl; has err 'no-such-folder/m.jsonl.*No such file'
    if [ -e /dev/full ]; then
        run 4 train --steps 500 --metrics /dev/full; has err 'No space left'; has out 'validation' # the result is not lost
        "$makemore" train --steps 5 >/dev/full 2>err; [ $? -eq 4 ] || fail "a full standard output"
    fi
    ;;
signal)
    for arguments in '--steps 100000000' '--steps 10 --samples 1000000000'; do for signal in INT TERM; do
        # shellcheck disable=SC2086 # several arguments
        "$makemore" train $arguments >out 2>err &
        pid=$!
        while ! grep -q '      0/' out 2>/dev/null; do sleep 0.05; done
        kill -s $signal $pid
        waited=0
        while kill -0 $pid 2>/dev/null && [ $waited -lt 20 ]; do sleep 0.1; waited=$((waited + 1)); done
        [ $waited -lt 20 ] || { kill -9 $pid; fail "$signal took over 2 s"; }
        wait $pid
        code=$?
        [ $signal = INT ] && expected=130 || expected=143
        [ "$code" -eq "$expected" ] || fail "$signal ended it with $code"
        has err 'stopped by a signal (behind step|while)'
    done; done
    ;;
pipe)
    run 0 train --steps 100 --samples 0
    lacks out "$(printf '\033')"
    LC_ALL=de_DE.UTF-8 "$makemore" train --steps 10 --samples 0 >out 2>err || fail "another locale"
    has out ': [0-9]\.[0-9]{4}$'
    ;;
stages)
    run 0 stages --steps 30
    for stage in baseline calm-output calm-tanh kaiming batchnorm; do has out "^$stage +[0-9.]+ +[0-9.]+ +[0-9.]+"; done
    has out 'initial loss'
    ;;
*) echo "no case $2"; exit 1 ;;
esac
