#!/bin/sh
# links.sh ROOT: every link of a page to a file of the project leads somewhere.
set -u
cd "$1" || exit 1
bad=0 n=0
for page in *.md */*.md */*/*.md; do
    case $page in build/*) continue ;; esac
    [ -f "$page" ] || continue
    # a link may be broken over two lines, between its words
    for link in $(tr '\n' ' ' <"$page" | grep -o '\]([^) ]*)' | sed 's/^](//; s/)$//; s/#.*//'); do
        case $link in http*) continue ;; esac
        n=$((n + 1))
        [ -e "$(dirname "$page")/$link" ] || { echo "$page: no $link"; bad=1; }
    done
done
[ $n -gt 0 ] || { echo "no links found"; exit 1; }
echo "$n links"
exit $bad
