#!/bin/sh
# table.sh PROGRAM: examples/05_table as a user runs it: trained, saved, asked from the file alone.
set -u
table=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() { echo "FAILED: $*"; cat out err; exit 1; }
"$table" train >out 2>err || fail "training"
grep -qE '^342 penguins, 68 of them held out: (9[5-9]\.[0-9]|100\.0) % right$' out || fail "fewer are right"
names=island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex
# Other columns, in another order, and a sex that is not known.
printf '%s,note\nDream,49.5,19.6,200,3900,male,a\nBiscoe,47.2,14.1,214,4900,,b\n' $names >three.csv
"$table" answer penguins.safetensors three.csv >out 2>err || fail "answering"
[ "$(tr '\n' ' ' <out)" = "Chinstrap Gentoo " ] || fail "other species"
printf '%s\nDream,49.5,19.6,200,heavy,male\n' $names >bad.csv
"$table" answer penguins.safetensors bad.csv >out 2>err && fail "a word for a number"
grep -q "bad.csv, line 2, column 'body_mass_g': expected a number, found 'heavy'" err ||
    fail "no line and column"
"$table" nonsense >out 2>err && fail "no such command"
grep -q usage err || fail "no usage"
