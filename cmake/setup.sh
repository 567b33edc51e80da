#!/bin/sh
# From a fresh clone to a running trainer or to passed tests:
#   sh cmake/setup.sh makemore [options of the trainer]
#   sh cmake/setup.sh test
#   sh cmake/setup.sh fashion [epochs [seed]]
#   sh cmake/setup.sh audio [steps [recording]]
#   sh cmake/setup.sh benchmark [options of Google Benchmark]
#   sh cmake/setup.sh packages
# Installs missing packages with apt where there is one (through sudo when not root); when nothing is missing,
# apt is not called.
set -eu
cd "$(dirname "$0")/.."

usage() {
    cat >&2 <<'END'
usage: sh cmake/setup.sh makemore [train|stages [options]]   build the trainer for this CPU and run it
       sh cmake/setup.sh test                               build and test all but what is slow
       sh cmake/setup.sh fashion [epochs [seed]]            the seventh chapter, with its 70,000 pictures
       sh cmake/setup.sh audio [steps [recording]]          the eighth, a live amplifier
       sh cmake/setup.sh benchmark [options]                compare with others: tests/benchmark/README.md
       sh cmake/setup.sh packages                           only install what tests and benchmark need
END
    exit 1
}
[ $# -ge 1 ] || usage
goal=$1
shift
packages="g++ cmake ninja-build libxtensor-dev libxsimd-dev libcli11-dev libfmt-dev nlohmann-json3-dev"
case $goal in
makemore) packages="$packages gnuplot-nox" ;; # draws the pictures of a report
fashion) packages="$packages gnuplot-nox dataset-fashion-mnist" ;;
audio) packages="$packages gnuplot-nox libsndfile1-dev" ;;
test)
    [ $# -eq 0 ] || usage
    packages="$packages doctest-dev"
    ;;
benchmark) packages="$packages libbenchmark-dev libeigen3-dev libopenblas-dev libxsmm-dev pkg-config" ;;
packages) packages="$packages doctest-dev libbenchmark-dev libeigen3-dev libopenblas-dev libxsmm-dev" ;;
*) usage ;;
esac

# A tool that is on the path counts, wherever it came from; a library counts when its package is there.
can_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }
}
missing=
for package in $packages; do
    case $package in
    g++) command -v c++ >/dev/null || missing="$missing $package" ;;
    cmake) command -v cmake >/dev/null || missing="$missing $package" ;;
    pkg-config) command -v pkg-config >/dev/null || missing="$missing $package" ;;
    gnuplot-nox) command -v gnuplot >/dev/null || ! can_install || missing="$missing $package" ;; # no must
    ninja-build) command -v ninja >/dev/null || missing="$missing $package" ;;
    *)
        if command -v dpkg-query >/dev/null; then
            [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
                missing="$missing $package"
        fi
        ;;
    esac
done
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
        echo "setup.sh: missing:$missing (names of Debian packages); install them and run this again" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            { echo "setup.sh: missing:$missing; run as root: apt-get install$missing" >&2; exit 1; }
        as_root=sudo
    fi
    echo "setup.sh: installing$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # one word for each package
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
        >/dev/null
fi

if [ "$goal" = fashion ]; then
    # The package has the files packed.
    data=build/fashion-mnist
    mkdir -p "$data"
    for part in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        [ -f "$data/$part-ubyte" ] ||
            gzip -dc "/usr/share/datasets/fashion-mnist/$part-ubyte.gz" >"$data/$part-ubyte"
    done
    cmake --preset native
    cmake --build --preset native --target 07_fashion
    exec build/native/examples/07_fashion "$data" build/fashion "$@"
fi
if [ "$goal" = audio ]; then
    cmake --preset native
    cmake --build --preset native --target 08_audio
    exec build/native/examples/08_audio build/audio "$@"
fi

[ "$goal" != packages ] || exit 0

cmake --workflow --preset "$goal"
case $goal in
makemore)
    [ $# -gt 0 ] || set -- train
    exec build/native/examples/makemore "$@"
    ;;
benchmark) exec build/benchmark/benchmark/ctnn_benchmark "$@" ;;
esac
