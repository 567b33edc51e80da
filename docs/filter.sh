#!/bin/sh
# filter.sh FILE: a header as its reader sees it, for the reference: without the inline namespace of the
# instruction set, deduction guides, and what only the library looks up (how a layer stands in a role of
# core/roles.hpp, structs in a layer); "name : text" in a comment is an item of a list. A page comes without
# its links to sources, which the reference does not have.
case $1 in
*.hpp)
    exec perl -0777 -pe '
        s/^(\/\/ SPDX[^\n]*\n)/$1\/\/\/ \@file\n/;
        s/namespace ctnn(::embed)?::inline CTNN_ARCH\b/"namespace ctnn" . ($1 \/\/ "")/ge;
        my $template = qr/template <[^;{}]*>\n(?: *requires [^\n]*\n)?/;
        s/^$template?(explicit )?[A-Z]\w*\((?:[^;{}]|\{\})*\)\s*->[^;{}]*;\n//mg;
        s/^struct (\w+)(?=<)/struct detail_$1/mg;
        s/^( +)struct (activation|function|listed|iterator)\b/$1struct detail_$2/mg;
        my $fence = 0;
        s{^( *///)([^\n]*)}{
            my ($mark, $text) = ($1, $2);
            $fence = !$fence if $text =~ /```/;
            unless ($fence) {
                $text =~ s/^   (\w[^:`]{0,20}?) *: (?=\S)/ - **$1**: / or $text =~ s/^ {6,}/   /;
                $text =~ s/ {4,}(\w[\w, ]*?) : (?=\S)/\n$mark - **$1**: /g;
                my @parts = split /(`[^`]*`)/, $text;
                s/<(?=\w)/\\</g for grep { !/^`/ } @parts;
                $text = join "", @parts;
            }
            $mark . $text }gem;' "$1"
    ;;
*)
    # Doxygen takes no link whose text is on two lines, and "1." for a list.
    exec perl -0777 -pe '
        s/\[([^\]]*)\]\(/my $t = $1; $t =~ tr|\n| |; "[$t]("/ge;
        s/\[`?([^\]]*?)`?\]\((?!http)[^)]*\.(?!md\)|png\)|svg\))\w+\)/$1 =~ m{\.\w+$} ? "`$1`" : $1/ge;
        s/^# (\d+)\. /# Chapter $1: /;' "$1"
    ;;
esac
