#!/bin/sh
# run.sh [COMPILER...]: what trainings in several processes must show, on this machine: the same bits for
# threads, ranks and "hosts", no allocation, and how faults end. Needs Open MPI; for hosts root and
# /dev/net/tun, or they are left out, which it says.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- g++ clang++
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 DEADLINE=20
folder=$(mktemp -d)
hosts=tests/scale/hosts.sh
# shellcheck disable=SC2317 # called at the end
cleanup() {
    sh $hosts down 4 >/dev/null 2>&1 || true
    pkill -KILL -f "^$folder/" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
failed() { echo "FAILED: $*"; exit 1; }
# ranks N WHAT...: timeouts are for what would else hang for ever
ranks() {
    n=$1
    shift
    timeout 120 mpirun -q --oversubscribe --bind-to none -n "$n" "$program" "$@"
}
same() { [ "$2" = "$3" ] || failed "$1: $2, expected $3"; }
now() { date +%s; }
# code_of COMMAND...: how it ends
code_of() { code=0; "$@" || code=$?; }

has_hosts=no
if [ "$(id -u)" -eq 0 ] && [ -e /dev/net/tun ] && command -v ip >/dev/null &&
    ip netns add ctnn-try 2>/dev/null; then
    ip netns del ctnn-try
    has_hosts=yes
    g++ -std=c++20 -O2 tests/scale/switch.cpp -o "$folder/switch"
fi

for compiler in "$@"; do
    program=$folder/ranks
    OMPI_CXX=$compiler mpicxx -std=c++20 -O1 -march=native -Iinclude tests/scale/ranks.cpp -pthread \
        -o "$program"
    ranks 1 bits >"$folder/out" # threads too
    expected=$(head -n 1 "$folder/out")
    same "$compiler, checksums of 1 rank and of 1, 2, 4 threads" "$(sort -u "$folder/out")" "$expected"
    same "$(wc -l <"$folder/out") lines" "$(wc -l <"$folder/out" | tr -d ' ')" 4
    for n in 2 4; do same "$compiler, $n ranks" "$(ranks $n bits)" "$expected"; done
    if [ $has_hosts = yes ]; then
        sh $hosts up "$folder/switch" 4 100 10
        for layout in "2 1" "4 1" "2 2"; do
            # shellcheck disable=SC2086 # two words
            same "$compiler, hosts and ranks $layout" \
                "$(timeout 120 sh $hosts run $layout "$program" bits 2>/dev/null)" "$expected"
        done
        sh $hosts down 4
    fi
    echo "$compiler: the same bits for 1, 2, 4 threads, 1, 2, 4 ranks$(
        [ $has_hosts = no ] || echo ', 2 and 4 hosts')"
done
[ $has_hosts = yes ] || echo "skipped: hosts in network namespaces (root, /dev/net/tun, ip)"

same "allocations" "$(ranks 4 allocations | sort)" "$(for r in 0 1 2 3; do
    echo "rank $r: 0 allocations in 1000 steps"
done)"
echo "no allocation in 1,000 steps of 4 ranks"
code_of env ASTRAY=1 timeout 60 mpirun -q --oversubscribe -n 4 "$program" allocations >"$folder/out" 2>&1
[ "$code" -ne 0 ] || failed "a rank with other weights was not noticed"
grep -q 'checksum of the weights is not the same' "$folder/out" || failed "no text about weights gone astray"
echo "a rank whose weights have gone astray is noticed"

# A rank that is killed: all end, and the training goes on with other numbers of ranks to the same file.
ranks 2 train "$folder/whole" 8000 >/dev/null
started() {
    "$@" >"$folder/out" 2>&1 &
    launcher=$!
    waited=0
    until [ -f "$folder/part" ]; do
        waited=$((waited + 1))
        [ $waited -lt 600 ] || failed "no checkpoint: $(cat "$folder/out")"
        sleep 0.05
    done
    sleep 0.3
}
a_rank() { pgrep -f "^$program train" | tail -n 1; }
first_rank() { pgrep -f "^$program train" | head -n 1; }
rm -f "$folder/part"
started ranks 4 train "$folder/part" 100000000
before=$(now)
kill -KILL "$(a_rank)"
code_of wait $launcher
[ "$code" -ne 0 ] || failed "a rank was killed, and the code is 0"
[ $(($(now) - before)) -le 10 ] || failed "SIGKILL of a rank: ended after $(($(now) - before)) s"
echo "SIGKILL of a rank ends all in $(($(now) - before)) s"
rm -f "$folder/part"
for n in 4 1 2; do # 3,000 steps by 4, then as many by 1, the rest by 2
    case $n in 4) steps=3000 ;; 1) steps=6000 ;; *) steps=8000 ;; esac
    ranks $n train "$folder/part" $steps >/dev/null
done
cmp "$folder/whole" "$folder/part" || failed "a training by 4, 1 and 2 ranks ends elsewhere"
# The scheduler's loop: killed now and again, to the same end.
rm -f "$folder/part"
(
    for _ in 1 2 3; do
        sleep 1
        pkill -KILL -f "^$program train" 2>/dev/null || true
    done
) &
killer=$!
tries=0
until ranks 2 train "$folder/part" 8000 >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 20 ] || failed "it does not come to an end"
done
wait $killer
cmp "$folder/whole" "$folder/part" || failed "killed and taken up again it ends elsewhere"
echo "taken up by 4, 1, 2 ranks, and killed again and again: the same file"

# Rank 0 killed, whenever it is: what is there is whole.
rm -f "$folder/part"
for wait in 0.0 0.1 0.2 0.3; do
    started ranks 2 train "$folder/part" 100000000
    sleep $wait
    kill -KILL "$(first_rank)" 2>/dev/null || true
    code_of wait $launcher
    cp "$folder/part" "$folder/copy"
    ranks 1 train "$folder/copy" 1 >/dev/null || failed "a checkpoint that cannot be read"
    cmp "$folder/part" "$folder/copy" || failed "a checkpoint that is not written again as it was"
done
echo "rank 0 killed while it saves leaves a whole file"

# A rank that hangs, and one that is asked to stop.
DEADLINE=3
export DEADLINE
rm -f "$folder/part"
started ranks 2 train "$folder/part" 100000000
before=$(now)
hanging=$(a_rank)
kill -STOP "$hanging"
code_of wait $launcher
same "the code after a rank hangs" $code 75
[ $(($(now) - before)) -le 12 ] || failed "a rank that hangs: ended after $(($(now) - before)) s"
grep -q 'has waited 3000 ms for the others' "$folder/out" || failed "no text about the deadline"
kill -KILL "$hanging" 2>/dev/null || true
echo "a rank that hangs ends all with code 75 after the deadline"
rm -f "$folder/part"
started ranks 2 train "$folder/part" 100000000
pkill -TERM -f "^$program train" # at the ranks: as a batch system does
code_of wait $launcher
[ "$(grep -c 'stopped after step' "$folder/out")" -eq 2 ] || failed "SIGTERM: $(cat "$folder/out")"
same "the steps at which ranks stopped" \
    "$(sed -n 's/.*stopped after step //p' "$folder/out" | sort -u | wc -l)" 1
echo "SIGTERM ends the training of all ranks after the same step"

# Other instructions on one of the ranks.
OMPI_CXX=g++ mpicxx -std=c++20 -O0 -march=x86-64-v2 -Iinclude tests/scale/ranks.cpp -pthread \
    -o "$folder/other"
code_of timeout 60 mpirun -q --oversubscribe -n 1 "$program" bits 10 : -n 1 "$folder/other" bits 10 \
    >"$folder/out" 2>&1
[ "$code" -ne 0 ] || failed "ranks of two instruction sets went on"
grep -q 'the program is not the same in all ranks' "$folder/out" || failed "mixed: $(cat "$folder/out")"
echo "ranks of two instruction sets are refused"

if [ $has_hosts = yes ]; then
    sh $hosts up "$folder/switch" 4 100 10
    rm -f "$folder/part"
    started timeout -k 5 60 sh $hosts run 2 1 "$program" train "$folder/part" 100000000
    before=$(now)
    sh $hosts cut 1
    waited=0
    while pgrep -f "^$program train" >/dev/null && [ $waited -lt 200 ]; do
        sleep 0.1
        waited=$((waited + 1))
    done
    ! pgrep -f "^$program train" >/dev/null || failed "ranks still run 20 s after a link went down"
    grep -q 'has waited 3000 ms for the others' "$folder/out" ||
        failed "no text about the link: $(cat "$folder/out")"
    echo "a link that goes down ends all ranks in $(($(now) - before)) s"
    kill $launcher 2>/dev/null || true
    pkill -KILL -f "mpirun.*$folder" 2>/dev/null || true
    wait $launcher 2>/dev/null || true
    sh $hosts down 4
fi

# Trials over ranks, killed and started again.
ranks 3 sweep "$folder/sweep" 30 >/dev/null
same "trials" "$(cat "$folder"/sweep.part-*-of-3 | wc -l)" 30
ranks 2 sweep "$folder/sweep" 40 | sort >"$folder/out"
same "trials by others" "$(cat "$folder/out")" "$(for r in 0 1; do
    echo "rank $r: 40 trials, sum 20540"
done)"
same "trials done" "$(cat "$folder"/sweep.part-* | wc -l)" 40
echo "trials over ranks: each once"
echo "all passed"
