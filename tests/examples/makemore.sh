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
# Waits until the program $pid has handlers for SIGTERM, the 15th bit, as the system says.
until_it_handles_signals() {
    while kill -0 $pid 2>/dev/null; do
        caught=$(sed -n 's/^SigCgt:[^0-9a-f]*[0-9a-f]*\(....\)$/\1/p' /proc/$pid/status 2>/dev/null)
        [ $((0x${caught:-0} & 0x4000)) -eq 0 ] || break
        sleep 0.02
    done
}
words() { i=0; while [ $i -lt "$1" ]; do echo "name"; echo "mane"; i=$((i + 1)); done; }

case $2 in
help)
    run 0 --help; for command in train sample stages inspect compare sweep; do has out $command; done
    run 0 train --help
    for option in stage data steps learning-rate decay-at seed metrics samples report; do
        has out "--$option"
    done
    has out 'batchnorm'; has out '200000'; has out '2147483647'; has out '0\.1'
    ;;
train)
    run 0 train --stage deep --steps 200 --samples 3
    has out '^      0/    200: 3\.[0-9]{4}$'
    has out '^    180/    200: [0-9]\.[0-9]{4}$'
    has out 'train [0-9.]+ +validation [0-9.]+ +test [0-9.]+'
    [ "$(tail -n 3 out | grep -cE '^[a-z]*$')" -eq 3 ] || fail "three names"
    for stage in baseline calm-output calm-tanh kaiming batchnorm layernorm groupnorm; do
        run 0 train --stage $stage --steps 20 --samples 1
    done
    words 20 | sed 's/$/\r/' >small.txt # CRLF and few letters
    run 0 train --data small.txt --steps 50 --samples 5
    lacks out '[^ -~]'
    ;;
metrics)
    run 0 train --steps 30 --metrics m.jsonl --samples 0
    [ "$(wc -l <m.jsonl)" -eq 30 ] || fail "30 lines"
    cp m.jsonl out
    [ "$(grep -cE '^\{"step": [0-9]+, "loss": [0-9.]+, "learning_rate": 0\.1[0-9]*\}$' m.jsonl)" -eq 30 ] ||
        fail "every line an object"
    ;;
usage)
    run 1; run 1 nonsense; run 1 train --stage nonsense; has err 'nonsense'
    run 1 train --steps 0; run 1 train --steps -5; run 1 train --steps many; run 1 train --learning-rate -1
    run 1 train --learning-rate nan
    run 1 train --unknown; has err 'unknown'
    run 1 train --seed -1; run 1 train --seed 99999999999999999999
    has err 'is not a whole number from 0 to 18446744073709551615'
    run 1 train --steps 99999999999999999999; run 1 train --steps 12x; run 1 train --learning-rate 1e39
    has err "'1e39' is not a number"
    ;;
input)
    run 2 train --data no-such-file; has err "cannot read 'no-such-file': No such file"
    run 2 train --data .; has err 'Is a directory'
    : >empty; run 2 train --data empty; has err 'holds no word'
    printf '\n\n' >blank; run 2 train --data blank; has err 'holds no word'
    echo abc >one; run 2 train --data one; has err 'the training part of the split is empty'
    { words 10; printf 'ABCDEFGHIJ\nKLMNOPQRSTUVWXYZ\n'; } >many; run 2 train --data many
    has err 'many, line 22, column [0-9]+: byte 0x'; has err '26'
    head -c 5000 /dev/zero | tr '\0' x >long; run 2 train --data long
    has err 'line 1: the line is longer than 4096 bytes'
    ;;
diverged)
    run 3 train --learning-rate 1e30 --steps 100
    has err 'the loss of step [0-9]+ is (-?nan|inf)'; has err 'layer'
    ;;
output)
    run 4 train --steps 5 --metrics no-such-folder/m.jsonl; has err 'no-such-folder/m.jsonl.*No such file'
    if [ -e /dev/full ]; then
        # the result is not lost
        run 4 train --steps 500 --metrics /dev/full; has err 'No space left'; has out 'validation'
        "$makemore" train --steps 5 >/dev/full 2>err; [ $? -eq 4 ] || fail "a full standard output"
    fi
    ;;
signal)
    for arguments in '--steps 100000000' '--steps 10 --samples 1000000000'; do for signal in INT TERM; do
        rm -f out # the last round's
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
        has err 'stopped by a signal (after step [0-9]+; nothing was saved|while)'
    done; done
    ;;
sweep)
    # without what time it took
    table() { sed -n '/^ *rate  *seeds/,$p' out | sed 's/ [0-9.]*\( *[0-9]* diverged\)*$/\1/'; }
    arguments='sweep --learning-rate 0.03,0.1 --seeds 1..3 --steps 400'
    # shellcheck disable=SC2086 # several arguments
    run 0 $arguments --workers 1 --output one.jsonl
    has out '^ *0\.03 +3 +2\.[0-9]{4} \+- 0\.[0-9]{4} +2\.[0-9]{4} \+- 0\.[0-9]{4} +2\.'
    has out '^best: learning rate 0\.1, seed [123], validation loss 2\.[0-9]{7}$'
    [ "$(wc -l <one.jsonl)" -eq 6 ] || fail "six lines"
    table >expected
    # killed, and started again: the same table
    # shellcheck disable=SC2086
    "$makemore" $arguments --output two.jsonl >out 2>err & pid=$!
    until [ "$(grep -c . two.jsonl 2>/dev/null || true)" -ge 2 ] 2>/dev/null; do
        kill -0 $pid 2>/dev/null || break
    done
    kill -9 $pid 2>/dev/null
    wait $pid
    [ "$(wc -l <two.jsonl)" -ge 2 ] || fail "two lines"
    printf '{"settings": {"learning ra' >>two.jsonl # as a kill within a line leaves it
    # shellcheck disable=SC2086
    run 0 $arguments --output two.jsonl
    table | cmp - expected || fail "another table after a kill"
    [ "$(wc -l <two.jsonl)" -eq 6 ] || fail "six lines after a kill"
    # parts, and then all of them
    for part in 1 2 3 4; do
        # shellcheck disable=SC2086
        run 0 $arguments --output three.jsonl --part $part/4
    done
    # shellcheck disable=SC2086
    run 0 $arguments --output three.jsonl
    table | cmp - expected || fail "another table of parts"
    [ ! -s three.jsonl ] || fail "a trial was done twice"
    # one that diverges is no error; other steps are
    run 0 sweep --learning-rate 0.1,1000 --seeds 7 --steps 300
    has out '^ *1000 +1 +- +- +- .* 1 diverged$'
    run 2 sweep --learning-rate 0.1 --seeds 1 --steps 300 --output one.jsonl
    has err 'a trial of'
    run 1 sweep --seeds 1..x; run 1 sweep --seeds 3..1; run 1 sweep --seeds 1,1
    run 1 sweep --part 1/2; run 1 sweep --output one.jsonl --part 3/2; run 1 sweep --learning-rate 0.1,0.1
    # a signal: what is done stays
    "$makemore" sweep --seeds 1..50 --steps 20000 --output four.jsonl >out 2>err & pid=$!
    while [ ! -s four.jsonl ]; do sleep 0.05; done
    kill -s TERM $pid
    wait $pid
    code=$?
    [ $code -eq 143 ] || fail "SIGTERM ended it with $code"
    has err 'stopped by a signal with [0-9]+ of 50 trials done'
    ;;
pipe)
    run 0 train --steps 100 --samples 0
    lacks out "$(printf '\033')"
    LC_ALL=de_DE.UTF-8 "$makemore" train --steps 10 --samples 0 >out 2>err || fail "another locale"
    has out ': [0-9]\.[0-9]{4}$'
    ;;
stages)
    run 0 stages --steps 30
    for stage in baseline calm-output calm-tanh kaiming batchnorm; do
        has out "^$stage +[0-9.]+ +[0-9.]+ +[0-9.]+"
    done
    has out 'initial loss'
    ;;
safety)
    # No file of the user's is written over, in the report's folder either.
    mkdir r; words 100 >r/loss.csv; cp r/loss.csv kept; words 100 >data; ln data r/hidden.json
    run 1 train --stage deep --steps 20 --report r --data r/loss.csv
    has err "--data 'r/loss.csv' is where the report"
    run 1 train --stage deep --steps 20 --report r --metrics r/loss.json; run 1 train --report r --data data
    run 1 train --report r --header r/report.html; run 1 train --report r --checkpoint ./r/pictures.gp
    cmp kept r/loss.csv || fail "the data is lost"
    run 0 train --steps 5 --samples 0 --metrics m; cp m before
    run 4 train --steps 5 --samples 0 --metrics m; has err 'is there already'; cmp m before || fail "metrics"
    run 0 train --steps 5 --samples 0 --metrics m --overwrite
    # Signals end what waits for a pipe or reads for long.
    mkfifo pipe; words 50000 >many; for i in 1 2 3 4; do cat many many >twice; mv twice many; done
    for waits in '--data pipe' '--metrics pipe --checkpoint c' '--data many --steps 100000000'; do
        # shellcheck disable=SC2086 # several arguments
        "$makemore" train --samples 0 $waits >out 2>err &
        pid=$!
        until_it_handles_signals; sleep 0.3; kill -TERM $pid
        waited=0
        while kill -0 $pid 2>/dev/null && [ $waited -lt 20 ]; do sleep 0.1; waited=$((waited + 1)); done
        [ $waited -lt 20 ] || { kill -9 $pid; fail "$waits: a signal took over 2 s"; }
        wait $pid; [ $? -eq 143 ] || fail "$waits: not 143"
        has err 'stopped by a signal'; [ ! -e c.lock ] || fail "$waits: the lock is left"
    done
    # Drawing from a checkpoint stops as a training does, and says where.
    "$makemore" train --steps 5 --samples 0 --checkpoint drawn >/dev/null 2>&1
    rm -f out
    "$makemore" sample drawn --samples 1000000000 >out 2>err &
    pid=$!
    while [ ! -s out ]; do sleep 0.05; done
    kill -INT $pid; wait $pid; [ $? -eq 130 ] || fail "sample: not 130"
    has err 'stopped by a signal while drawing names'
    # A closed standard output is not the next file that is opened.
    "$makemore" train --steps 300 --samples 3 --metrics closed >&- 2>err; [ $? -eq 4 ] || fail "closed output"
    has err 'standard output'; ! grep -qv '^{"step"' closed || fail "other lines in the metrics"
    # One training writes a checkpoint.
    "$makemore" train --steps 100000000 --samples 0 --checkpoint c >/dev/null 2>&1 &
    pid=$!
    while [ ! -e c ]; do sleep 0.05; done
    run 4 train --steps 5 --checkpoint c --overwrite; has err "another training is writing 'c'"
    kill -INT $pid; wait $pid; [ ! -e c.lock ] || fail "the lock is left"
    # Interrupted while gnuplot draws.
    mkdir bin; printf '#!/bin/sh\nexit 130\n' >bin/gnuplot; chmod +x bin/gnuplot
    PATH=$PWD/bin:$PATH "$makemore" train --stage deep --steps 20 --samples 1 --report g >out 2>err
    [ $? -eq 130 ] || fail "interrupted while drawing"; has err 'while gnuplot drew'
    printf '#!/bin/sh\nexec sleep 30\n' >bin/gnuplot
    PATH=$PWD/bin:$PATH "$makemore" train --stage deep --steps 20 --samples 1 --report g2 >out 2>err &
    pid=$!
    while [ ! -e g2/pictures.gp ]; do sleep 0.05; done
    sleep 0.3; kill -TERM $pid
    waited=0
    while kill -0 $pid 2>/dev/null && [ $waited -lt 20 ]; do sleep 0.1; waited=$((waited + 1)); done
    [ $waited -lt 20 ] || { kill -9 $pid; fail "a signal while gnuplot draws: over 2 s"; }
    wait $pid; [ $? -eq 143 ] || fail "not 143 while drawing"; has err 'while gnuplot drew'
    # Words.
    run 1 trian; has err "no command 'trian'; the commands are train sample"
    run 3 train --steps 200 --learning-rate 1000 --samples 0; has err 'smaller --learning-rate'
    run 1 compare baseline; has err 'two stages or more'
    { printf '\357\273\277'; cat data; } >marked; cmp data marked >/dev/null && fail "no mark"
    run 0 train --steps 5 --samples 1 --data data; cp out plain
    run 0 train --steps 5 --samples 1 --data marked
    [ "$(tail -n 1 out)" = "$(tail -n 1 plain)" ] || fail "a byte order mark is trained on"
    run 2 train --steps 5 --data /dev/zero; has err 'zero byte'
    ;;
family)
    for model in bigram mlp rnn gru bow transformer; do
        rm -f whole part
        run 0 train --model $model --steps 12 --log-every 5 --samples 2 --checkpoint whole
        for step in 0 5 10; do has out "^step $step \| loss [234]\.[0-9]{4} \| step time [0-9.]+ms$"; done
        lacks out '^step 6 '
        tail -n 2 out >names
        run 0 train --model $model --steps 7 --samples 0 --checkpoint part
        run 0 train --model $model --steps 12 --samples 2 --resume part
        cmp whole part || fail "$model resumed at 7"
        tail -n 2 out | cmp - names || fail "other names of $model after that"
        run 0 sample whole --samples 3
        [ "$(wc -l <out)" -eq 3 ] || fail "sample printed other than three names of $model"
        run 0 sample whole --samples 3 --top-k 1 # the likeliest letter: the same name each time
        [ "$(sort -u out | wc -l)" -eq 1 ] || fail "names of the likeliest letters of $model differ"
    done
    run 0 train --model transformer --n-layer 2 --n-embd 32 --steps 3 --samples 0 --checkpoint small
    has out '^model #params: 27712$'
    run 0 sample small --samples 1
    # What is not compiled in, what has no meaning, what is not there.
    run 1 train --model transformer --n-layer 3; has err 'there is 4 with 64, and 2 with 32'
    run 1 train --model gru --n-embd 32; has err 'gru with .* is not compiled in; there is --n-embd 64'
    run 1 train --model rnn --stage deep; run 1 train --top-k 3; run 1 train --model lstm
    run 1 train --model rnn --header x; has err '^makemore: --report and --header are for stages'
    run 2 train --model mlp --resume whole; has err '^  model transformer, 4 layers of 64 features, seed'
    run 1 train --model rnn --decay-at 3
    words 3 >few; run 2 train --model rnn --data few; has err 'has 6 words, expected at least 10'
    words 10 >few; run 0 train --model rnn --data few --steps 201 # of four letters only they are drawn
    { words 10; echo abcdefghijklmnop; } >long
    run 2 train --model rnn --data long
    has err "word 21 of 'long', 'abcdefghijklmnop', has 16 characters; .* compiled for at most 15"
    ;;
checkpoint)
    run 0 train --steps 1000 --samples 1 --checkpoint whole
    tail -n 1 out >name
    for stop in 1 7 999; do
        run 0 train --steps $stop --samples 0 --checkpoint c$stop --every 3
        run 0 train --steps 1000 --samples 1 --resume c$stop
        cmp whole c$stop || fail "resumed at $stop"
        tail -n 1 out | cmp - name || fail "another name after $stop"
    done
    # Killed, and stopped by a signal, wherever it is.
    for signal in KILL INT; do
        rm -f stopped
        "$makemore" train --steps 20000 --samples 0 --every 50 --checkpoint stopped >out 2>err &
        pid=$!
        while [ ! -e stopped ]; do sleep 0.01; done
        sleep 0.1
        kill -s $signal $pid
        wait $pid
        code=$?
        { [ $signal = INT ] && [ $code -eq 130 ]; } || { [ $signal = KILL ] && [ $code -eq 137 ]; } ||
            fail "$signal ended it with $code"
        [ $signal = KILL ] || has err "after step [0-9]+; saved in 'stopped', go on with --resume stopped"
        run 0 train --steps 20000 --samples 0 --checkpoint "upto$signal" --resume stopped
        [ -e full ] || run 0 train --steps 20000 --samples 0 --checkpoint full
        cmp full "upto$signal" || fail "resumed after $signal"
    done
    rm -f .ctnn-*.tmp ./*.lock # of the kill
    # Nobody's checkpoint is lost.
    cp whole before
    run 4 train --steps 5 --checkpoint whole
    has err "'whole' is there already; take it up with --resume whole"
    run 4 train --steps 1500 --resume c7 --checkpoint whole
    run 1 train --steps 5 --resume whole; has err "'whole' is at step 1000, the training is to end at step 5"
    run 2 train --steps 2000 --resume whole --seed 3; has err 'seed 2147483647.*' ; has err 'seed 3'
    run 2 train --steps 2000 --resume whole --stage kaiming
    run 2 train --steps 2000 --resume no-such-file; has err 'No such file'
    words 100 >few; run 2 train --steps 2000 --resume whole --data few; has err 'samples with checksum'
    run 4 train --steps 5 --checkpoint no/where; has err "cannot write 'no/where': there is no folder 'no'"
    run 1 train --steps 5 --checkpoint ''; run 1 train --steps 5 --every 0 --checkpoint x
    run 1 train --steps 5 --every 2; has err 'needs --checkpoint or --resume'
    run 1 train --steps 5 --overwrite; has err 'needs --checkpoint, --header or --metrics'
    run 1 sample whole --overwrite
    run 1 train --steps 2000 --resume whole --report r; has err 'leave out --resume or --report'
    run 3 train --learning-rate 1e30 --steps 100 --every 1 --checkpoint wild; has err diverged
    cmp whole before || fail "the checkpoint was changed"
    # The metrics of a resumed training: each step once, whatever was written after the checkpoint.
    run 0 train --steps 600 --checkpoint half --metrics m
    run 0 train --steps 500 --checkpoint at500
    printf '{"step": 600, "loss": 1, "learning_rate": 0.1}\n{"step": 601, "lo' >>m
    run 0 train --steps 1000 --resume at500 --metrics m
    [ "$(sed 's/.*"step": \([0-9]*\),.*}/\1/' m | tr '\n' ' ')" = "$(seq -s ' ' 0 999) " ] ||
        fail "each step once in the metrics"
    # What is no file is not replaced, and never read: a pipe that this program itself writes to would not
    # end.
    printf 'my notes\n' >notes; cp notes mine
    for from in '' '--resume at500'; do
        # shellcheck disable=SC2086 # one word or two
        run 4 train --steps 600 $from --metrics notes; has err 'is there already'
        [ -z "$from" ] || has err 'has no metrics'
        cmp notes mine || fail "notes are lost"
    done
    ln -s m link; run 0 train --steps 1000 --resume half --metrics link
    [ -L link ] || fail "the link is gone"
    [ "$(sed 's/.*"step": \([0-9]*\),.*}/\1/' m | tr '\n' ' ')" = "$(seq -s ' ' 0 999) " ] ||
        fail "each step once through the link"
    cp at500 again
    timeout 20 "$makemore" train --steps 1010 --resume again --samples 0 --metrics /dev/stdout 2>err | cat \
        >out
    [ "$(grep -c '^{"step": ' out)" = 10 ] || fail "metrics of a resumed training to a pipe"
    # Two options that mean one file.
    run 1 train --steps 5 --checkpoint same --header ./same; has err 'checkpoint and --header are one file'
    cp few data; run 1 train --data data --steps 5 --metrics data
    run 1 train --data data --steps 5 --checkpoint data --overwrite; cmp few data || fail "the data is lost"
    run 4 train --steps 5 --header whole; has err 'is no exported header'
    run 4 train --steps 5 --checkpoint .; has err 'it is a folder'
    cmp whole before || fail "the checkpoint was changed"
    run 0 train --steps 5 --checkpoint whole --overwrite
    # A file of any stage, and the names its training drew.
    for stage in baseline batchnorm deep layernorm; do
        run 0 train --stage $stage --steps 300 --samples 3 --checkpoint $stage
        tail -n 3 out >drawn
        run 0 sample $stage --samples 3; cmp out drawn || fail "other names from a file of $stage"
    done
    printf 'xyz\nzyx\nxzy\nyxz\nzzx\nyyx\nxxy\nzyy\nxyy\nyzx\n' >other
    run 2 sample batchnorm --data other; has err "the characters 'xyz'"
    has err "characters 'abcdefghijklmnopqrstuvwxyz'"
    run 1 sample batchnorm --header ./batchnorm
    has err 'FILE and --header are one file|--header and FILE are one file'
    run 2 sample few; has err 'cannot be loaded'; run 2 sample no-such-file; run 1 sample; run 1 sample ''
    run 2 sample no/where; has err 'No such file'; run 2 train --steps 5 --resume no/where
    has err 'No such file'
    run 2 sample /dev/null; has err 'is not a regular file'
    ;;
header)
    run 0 train --steps 500 --samples 1 --header names.hpp; has out 'header: names.hpp'
    grep -q 'inline constexpr char characters\[\] = ".abcdefghijklmnopqrstuvwxyz";' names.hpp ||
        fail "the characters"
    run 0 train --steps 500 --samples 1 --header small.hpp --int8
    has out 'validation loss with weights of one byte: 2\.[0-9]+, with floats 2\.[0-9]+'
    [ "$(wc -c <small.hpp)" -lt "$(($(wc -c <names.hpp) / 2))" ] || fail "the small header is not small"
    run 1 train --steps 5 --int8; run 1 train --steps 5 --header ''
    # before the training
    run 4 train --steps 100000000 --header no/where.hpp; has err "there is no folder 'no'"
    run 4 train --steps 100000000 --header /dev/null; has err 'is not a regular file'
    run 4 train --steps 100000000 --header "$(printf 'x%.0s' $(seq 300))"; has err 'File name too long'
    run 0 train --steps 5 --header names.hpp # an exported header may be replaced
    run 0 train --steps 500 --samples 2 --checkpoint run --header a.hpp; run 0 sample run --header b.hpp
    cmp a.hpp b.hpp || fail "another header from the checkpoint"
    ;;
report)
    run 0 train --stage baseline --steps 300 --samples 3 --report a/b
    has out 'WARNING  The first loss is 2[0-9]\.[0-9]{2}; a network that knows nothing should have 3\.30'
    has out '% of its outputs are saturated \(beyond 0\.99'
    has out '2 \(Tanh\) .*█'; has out 'report: a/b/report.html'
    [ -s a/b/report.html ] || fail "no page"
    for picture in loss learning-rate baseline-network baseline-scaling \
        baseline-first-preactivations baseline-first-activations \
        baseline-activations baseline-gradients \
        baseline-weight-gradients baseline-updates baseline-saturation baseline-embedding; do
        { [ -s a/b/$picture.csv ] && [ -s a/b/$picture.json ]; } || fail "no data of $picture"
        grep -q "id=\"$picture\"" a/b/report.html || fail "no figure $picture"
    done
    if command -v python3 >/dev/null; then
        for f in a/b/*.json; do python3 -m json.tool "$f" >/dev/null || fail "$f is not JSON"; done
    fi
    [ "$(wc -l <a/b/loss.csv)" -eq 301 ] || fail "300 steps in loss.csv"
    run 0 train --stage kaiming --steps 2000 --samples 1 --report k; lacks out WARNING
    run 0 train --stage batchnorm --steps 2000 --samples 1 --report "a folder's name"; lacks out WARNING
    [ -s "a folder's name/batchnorm-calibration.csv" ] || fail "no calibration"
    run 0 inspect --report i
    has out '1\.2 \(Tanh\)'; has out '6\.weight +\(100, 27\)'
    [ -s i/deep-calibration.csv ] || fail "no report of deep"
    run 0 compare baseline layernorm groupnorm --steps 200 --report c
    for stage in baseline layernorm groupnorm; do
        has out "^$stage +[0-9.]+ +[0-9.]+"; [ -s c/$stage-updates.csv ] || fail "no data of $stage"
    done
    run 1 compare baseline; run 1 compare baseline nonsense
    run 1 compare baseline baseline; has err "stage 'baseline' is named twice"
    run 1 train --report ''; run 1 inspect --report ''; run 1 compare baseline kaiming --report ''
    has err 'the path is empty'
    # Words beyond ASCII, and letters that mean something to gnuplot, CSV and HTML.
    i=0; while [ $i -lt 20 ]; do printf 'caf\303\251\nzo\303\253\n"<a>&\\\n'; i=$((i + 1)); done >odd.txt
    run 0 train --data odd.txt --steps 300 --samples 5 --report odd
    iconv -f utf8 -t utf8 odd/report.html >/dev/null || fail "the page is not UTF-8"
    cp odd/batchnorm-embedding.csv out; has out '"0xc3"'; has out '"backslash"'; has out '""""'
    # A training that does not move, one of a single step, one that blew up: a page with all that there is.
    for arguments in '--learning-rate 0 --steps 50' '--steps 1'; do
        # shellcheck disable=SC2086 # several arguments
        run 0 train --stage kaiming $arguments --samples 0 --report still
        if command -v gnuplot >/dev/null; then
            [ ! -s err ] || fail "something on stderr"
            [ "$(grep -o '<svg' still/report.html | wc -l)" -eq 12 ] || fail "twelve pictures"
        fi
    done
    run 3 train --stage baseline --steps 60 --learning-rate 1e20 --samples 2 --report blown; has err diverged
    ;;
noreport) # what goes wrong with the report does not lose the training
    echo file >taken
    run 4 train --steps 5 --report taken/x; has err "cannot make the folder 'taken/x': Not a directory"
    lacks out 'validation  '
    if [ "$(id -u)" -ne 0 ]; then
        mkdir locked; chmod 555 locked; run 4 train --steps 5 --report locked; has err 'Permission denied'
    fi
    if [ -e /dev/full ]; then
        mkdir full; ln -s /dev/full full/loss.csv
        run 4 train --steps 5 --samples 2 --report full; has err "cannot write 'full/loss.csv': No space left"
        has out 'train [0-9.]+ +validation'
    fi
    # Without gnuplot: a folder of all other programs is the path.
    mkdir bin
    for program in sh command; do path=$(command -v $program) && [ -x "$path" ] && ln -s "$path" bin/; done
    PATH=$PWD/bin "$makemore" train --steps 50 --samples 1 --report plain >out 2>err ||
        fail "without gnuplot it ended with $?"
    has err 'install gnuplot \(apt-get install gnuplot-nox\)'
    { [ -s plain/report.html ] && [ -s plain/loss.csv ]; } || fail "no page or data without gnuplot"
    cp plain/report.html out; has out 'there are few pictures in the report'; has out 'standard deviation'
    ;;
*) echo "no case $2"; exit 1 ;;
esac
