#!/bin/sh
# links.sh ROOT: every link of a page to a file of the project leads somewhere.
set -u
cd "$1" || exit 1
pages=$(mktemp)
trap 'rm -f "$pages"' EXIT
find . -name '*.md' ! -path './build/*' ! -path './.git/*' >"$pages"
bad=0 n=0
while read -r page; do
    # A link may be broken over two lines, between its words. Other forms than [words](file) are not written.
    tr '\n' ' ' <"$page" | grep -qE '\]: *[a-z.]|<a |\]\([^)]* "' &&
        { echo "$page: another form of link"; bad=1; }
    for link in $(tr '\n' ' ' <"$page" | grep -o '\]([^) ]*)' | sed 's/^](//; s/)$//'); do
        case $link in
        http*) continue ;;
        *'#'*) echo "$page: $link: links go to pages, not to places in them"; bad=1 ;;
        esac
        n=$((n + 1))
        [ -e "$(dirname "$page")/$link" ] || { echo "$page: no $link"; bad=1; }
    done
done <"$pages"
[ $n -gt 0 ] || { echo "no links found"; exit 1; }
echo "$n links"
exit $bad
