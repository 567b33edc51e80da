#!/bin/sh
# faults.sh SAVER: every call to the system that saving a file makes is made to fail, one after the other, by
# strace. Whatever fails, the file is the old one, or, where the program did not notice because nothing
# depends on that call, the new one; and nothing is left beside it.
saver=$1
command -v strace >/dev/null || { echo "skipped: there is no strace"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
strace -o trace true 2>/dev/null || { echo "skipped: strace may not trace here"; exit 0; }
mkdir there
fail() { echo "failed: $*"; cat err trace; exit 1; }
# An old file that is not the one to be saved.
"$saver" once there/a || exit 1
head -c 100000 /dev/zero >old
noticed=0
unnoticed=0
for old in yes no; do
    for call in newfstatat openat fchmod write fsync close renameat2 rename unlink; do
        n=1
        while :; do
            rm -f there/a
            [ $old = no ] || cp old there/a
            strace -f -o trace -e trace=$call -e inject=$call:error=EIO:when=$n "$saver" once there/a >out \
                2>err
            code=$?
            grep -q INJECTED trace || break
            if [ $code -eq 0 ]; then
                "$saver" check there/a || fail "$call $n: it ended well, and the file is not whole"
                unnoticed=$((unnoticed + 1))
            else
                if [ $old = yes ]; then
                    cmp -s old there/a || fail "$call $n: the old file is not as it was"
                else
                    [ ! -e there/a ] || fail "$call $n: a file is there"
                fi
                if grep -q '^\[ctnn.save\] cannot write .there/a.: Input/output error$' err; then
                    noticed=$((noticed + 1))
                fi
            fi
            [ "$(find there -type f ! -name a | wc -l)" -eq 0 ] ||
                fail "$call $n: something is left: $(ls -A there)"
            n=$((n + 1))
        done
    done
done
echo "$noticed failing calls were errors with the old file as it was, $unnoticed were of no consequence"
[ $noticed -ge 16 ] || fail "too few calls were made to fail"
