#!/bin/sh
# What it costs to compile a program that trains the lecture's network, and one of 41 layers:
#   sh tests/benchmark/compile.sh [compiler ...]
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- c++
command -v /usr/bin/time >/dev/null ||
    { echo "compile.sh: needs GNU time (apt-get install time)" >&2; exit 1; }
object=$(mktemp)
trap 'rm -f "$object"' EXIT
printf '%-10s %-10s %-16s %8s %8s\n' compiler program flags seconds MiB
for compiler in "$@"; do
    for program in headers net_a deep; do
        for flags in -O3 "-O3 -march=native"; do
            # shellcheck disable=SC2086 # several flags
            used=$(/usr/bin/time -f '%e %M' "$compiler" -std=c++20 $flags -Iinclude \
                -c tests/compile_time/$program.cpp -o "$object" 2>&1 | tail -n 1)
            printf '%-10s %-10s %-16s %8s %8s\n' "$compiler" "$program" "$flags" "${used% *}" \
                "$((${used#* } / 1024))"
        done
    done
done
