#!/bin/sh
# page.sh PAGE FOLDER [PROGRAM]: what a page shows is what is there. Each block of C++ stands in a source of
# FOLDER, and each of Python in its main.py, whole lines, all indented alike; the first block of text is what
# PROGRAM prints, and main.py too, where there is PyTorch. A line "..." in it stands for any lines.
set -u
page=$1 folder=$2 program=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

awk -v folder="$work" '
    /^```/ && !inside { inside = 1; language = substr($0, 4); block = folder "/" language "." ++n; next }
    /^```/ { inside = 0; next }
    inside { print > block }' "$page"
# stands_in BLOCK SOURCE: with no indentation, or four, eight, ... spaces before each line that is not empty
stands_in() {
    for indentation in '' '    ' '        ' '            '; do
        { printf '\n'; sed "s/^\\(.\\)/$indentation\\1/" "$1"; } >"$work/indented"
        { printf '\n'; cat "$2"; } | awk -v RS='\002' '
            NR == FNR { block = $0; next } { exit index($0, block) == 0 }' "$work/indented" - && return 0
    done
    return 1
}
blocks=0
for block in "$work"/*.*; do
    language=$(basename "$block")
    case $language in
    cpp.*) set -- "$folder"/*.?pp ;;
    python.*) set -- "$folder"/main.py ;;
    text.* | sh.*) continue ;;
    *) fail "a block of '${language%.*}'; they are of cpp, python, text or sh" ;;
    esac
    grep -q '^int main' "$block" && continue # a whole program, which has a test of its own
    found=
    for source in "$@"; do
        stands_in "$block" "$source" && found=yes
    done
    [ -n "$found" ] || fail "in no source of $folder:
$(cat "$block")"
    blocks=$((blocks + 1))
done
[ $blocks -gt 0 ] || fail "no blocks"
[ -n "$program" ] || { echo "$blocks blocks"; exit 0; }
claimed=$(find "$work" -name 'text.*' | sort -t. -k 2 -n | head -n 1)
cd "$work" || exit 1
# is_printed OUTPUT: the claimed lines, in order, with others between them only where "..." stands
is_printed() {
    if grep -qx '\.\.\.' "$claimed"; then
        awk 'NR == FNR { claimed[++n] = $0; next }
            FNR == 1 { next_line = 1 }
            claimed[next_line] == "..." { gap = 1; ++next_line }
            $0 == claimed[next_line] { ++next_line; gap = 0; next }
            !gap { exit }
            END { while (claimed[next_line] == "...") ++next_line; exit next_line <= n }' "$claimed" "$1" ||
            fail "README.md has other lines than it prints"
    else
        diff "$claimed" "$1" || fail "it prints something else than README.md says"
    fi
}
"$program" >out || fail "the program"
is_printed out
python=
if [ -f "$folder/main.py" ]; then
    if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
        /usr/bin/python3 "$folder/main.py" >out || fail "main.py"
        is_printed out
        python=", main.py too"
    else
        python=", main.py not run: there is no PyTorch"
    fi
fi
echo "$blocks blocks$python"
