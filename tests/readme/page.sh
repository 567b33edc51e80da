#!/bin/sh
# page.sh FOLDER PROGRAM: what FOLDER/README.md shows is what is there. Each block of C++ stands in main.cpp,
# and each of Python in main.py where there is one, line by line, whatever the indentation; the first block of
# text is what PROGRAM prints.
set -u
folder=$1 program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

# Lines without indentation, and one line for each: a byte of 1 stands for the end of a line.
flat() { sed 's/^ *//' "$1" | tr '\n' '\001'; }
blocks=0
for language in cpp py; do
    [ -f "$folder/main.$language" ] || continue
    [ $language = cpp ] && fence=cpp || fence=python
    awk -v fence="$fence" -v folder="$work" '
        /^```/ { inside = !inside && $0 == "```" fence; if (inside) ++n; next }
        inside { print > (folder "/" fence n) }' "$folder/README.md"
    for block in "$work/$fence"[0-9]*; do
        [ -f "$block" ] || fail "no $fence in $folder/README.md"
        flat "$folder/main.$language" >"$work/source"
        flat "$block" >"$work/block"
        awk -v RS='\002' 'NR == FNR { block = $0; next } { exit index($0, block) == 0 }' \
            "$work/block" "$work/source" || fail "not in main.$language:
$(cat "$block")"
        blocks=$((blocks + 1))
    done
done
awk '/^```text/ && !n { inside = n = 1; next } /^```/ { inside = 0 } inside' "$folder/README.md" \
    >"$work/claimed"
cd "$work" || exit 1
"$program" >out || fail "the program"
diff claimed out || fail "it prints something else than README.md says"
echo "$blocks blocks"
