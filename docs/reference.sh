#!/bin/sh
# reference.sh DOXYGEN: makes the reference, and fails where Doxygen warns: of a type, function or constant
# without a comment, of a link that leads nowhere. Members may be described by the comment of their class, and
# the macros of arch.hpp are not for users.
set -u
mkdir -p "$CTNN_REFERENCE"
"$1" docs/Doxyfile >"$CTNN_REFERENCE/doxygen.log" 2>&1
grep -vE 'Member .* of (struct|class|union|file arch.hpp)( .*)? is not documented' \
    "$CTNN_REFERENCE/doxygen.log" && exit 1
# What Doxygen has not understood stands in a page as it is.
cd "$CTNN_REFERENCE/html" || exit 1
grep -nE '@(ref|code|endcode|image)\b|\\ilinebr|&lt;h1&gt;' index.html md_*.html | grep -v '<code>' && exit 1
# Each link from a page to a page of its own.
cat ./*.html | grep -oE '(href|src)="[A-Za-z0-9_./-]+' | sed 's/^[a-z]*="//' | sort -u >links
[ "$(wc -l <links)" -gt 100 ] || { echo "reference: only $(wc -l <links) links"; exit 1; }
missing=0
while read -r link; do
    case $link in https | javascript) continue ;; esac
    [ -e "$link" ] || { echo "reference: no $link"; missing=1; }
done <links
exit $missing
