#!/bin/sh
# From a fresh clone to a running trainer or to passed tests:
#   sh cmake/setup.sh makemore [options of the trainer]
#   sh cmake/setup.sh test
#   sh cmake/setup.sh fashion [epochs [seed]]
#   sh cmake/setup.sh audio [steps [recording]]
#   sh cmake/setup.sh live
#   sh cmake/setup.sh parallel [ranks [steps]]
#   sh cmake/setup.sh benchmark [options of Google Benchmark]
#   sh cmake/setup.sh packages
# Installs missing packages with apt, dnf or pacman, whichever is there (through sudo when not root); when
# nothing is missing, none is called.
set -eu
cd "$(dirname "$0")/.."

usage() {
    cat >&2 <<'END'
usage: sh cmake/setup.sh makemore [train|stages [options]]   build the trainer for this CPU and run it
       sh cmake/setup.sh test                               build and test all but what is slow
       sh cmake/setup.sh fashion [epochs [seed]]            the seventh chapter, with its 70,000 pictures
       sh cmake/setup.sh audio [steps [recording]]          the eighth, a live amplifier
       sh cmake/setup.sh live                               the lecture as a page in the browser
       sh cmake/setup.sh parallel [ranks [steps]]           a training in several processes, with MPI
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
live)
    [ $# -eq 0 ] || usage
    packages="libxtensor-dev libxsimd-dev nlohmann-json3-dev emscripten nodejs npm"
    ;;
parallel) packages="$packages libopenmpi-dev openmpi-bin" ;;
test)
    [ $# -eq 0 ] || usage
    packages="$packages doctest-dev"
    ;;
benchmark) packages="$packages libbenchmark-dev libeigen3-dev libopenblas-dev libxsmm-dev pkg-config" ;;
packages) packages="$packages doctest-dev libbenchmark-dev libeigen3-dev libopenblas-dev libxsmm-dev" ;;
*) usage ;;
esac

# Their names on Fedora and Arch; "-" where there is no such package.
names() {
    cat <<'END'
g++ gcc-c++ gcc
cmake cmake cmake
ninja-build ninja-build ninja
pkg-config pkgconf-pkg-config pkgconf
libxtensor-dev xtensor-devel xtensor
libxsimd-dev xsimd-devel xsimd
libcli11-dev cli11-devel cli11
libfmt-dev fmt-devel fmt
nlohmann-json3-dev json-devel nlohmann-json
doctest-dev doctest-devel doctest
libbenchmark-dev google-benchmark-devel benchmark
libeigen3-dev eigen3-devel eigen
libopenblas-dev openblas-devel openblas
libxsmm-dev libxsmm-devel -
libsndfile1-dev libsndfile-devel libsndfile
gnuplot-nox gnuplot gnuplot
dataset-fashion-mnist - -
libopenmpi-dev openmpi-devel openmpi
openmpi-bin openmpi openmpi
emscripten emscripten emscripten
nodejs nodejs nodejs
npm nodejs-npm npm
END
}
manager=none
for candidate in pacman dnf apt-get; do
    command -v $candidate >/dev/null && manager=$candidate
done
name_of() {
    case $manager in
    dnf) names | awk -v package="$1" '$1 == package { print $2 }' ;;
    pacman) names | awk -v package="$1" '$1 == package { print $3 }' ;;
    *) echo "$1" ;;
    esac
}
has_library() {
    case $manager in
    apt-get) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    dnf) rpm -q "$1" >/dev/null 2>&1 ;;
    pacman) pacman -Q "$1" >/dev/null 2>&1 ;;
    none) ;; # CMake will say
    esac
}
can_install() { [ $manager != none ] && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }; }

# A tool that is on the path counts, wherever it came from; a library counts when its package is there.
missing=
for package in $packages; do
    case $package in
    g++) command -v c++ >/dev/null && continue ;;
    cmake | pkg-config) command -v "$package" >/dev/null && continue ;;
    gnuplot-nox) { command -v gnuplot >/dev/null || ! can_install; } && continue ;; # no must
    ninja-build) command -v ninja >/dev/null && continue ;;
    emscripten) command -v emcc >/dev/null && continue ;;
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
    *) has_library "$(name_of "$package")" && continue ;;
    esac
    name=$(name_of "$package")
    if [ "$name" = - ]; then
        [ "$package" = dataset-fashion-mnist ] || continue # a peer of the benchmark that is left out
        echo "setup.sh: there is no package of the pictures here; examples/07_fashion/README.md says how to" \
            "name a folder that has them" >&2
        exit 1
    fi
    missing="$missing $name"
done
if [ -n "$missing" ]; then
    case $manager in
    apt-get) install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends" ;;
    dnf) install="dnf install -y -q" ;;
    pacman) install="pacman -S --noconfirm --needed" ;;
    none)
        echo "setup.sh: missing:$missing (names of Debian packages); install them and run this again" >&2
        exit 1
        ;;
    esac
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            { echo "setup.sh: missing:$missing; run as root: $manager install$missing" >&2; exit 1; }
        as_root=sudo
    fi
    echo "setup.sh: installing$missing"
    [ $manager != apt-get ] || $as_root apt-get update -qq
    # shellcheck disable=SC2086 # one word for each package
    $as_root $install $missing >/dev/null
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
if [ "$goal" = parallel ]; then
    cmake --preset native -DCTNN_WITH_MPI=ON
    cmake --build --preset native --target 17_cores 17_ranks
    ranks=${1:-2}
    steps=${2:-10000}
    build/native/examples/17_cores "$steps"
    as_root=
    [ "$(id -u)" -ne 0 ] || as_root=--allow-run-as-root
    # shellcheck disable=SC2086 # nothing, or an option
    exec mpirun $as_root --oversubscribe -n "$ranks" build/native/examples/17_ranks "$steps"
fi
if [ "$goal" = audio ]; then
    cmake --preset native
    cmake --build --preset native --target 08_audio
    exec build/native/examples/08_audio build/audio "$@"
fi

[ "$goal" != packages ] || exit 0
[ "$goal" != live ] || exec sh examples/live/build.sh

cmake --workflow --preset "$goal"
case $goal in
makemore)
    [ $# -gt 0 ] || set -- train
    exec build/native/examples/makemore "$@"
    ;;
benchmark) exec build/benchmark/benchmark/ctnn_benchmark "$@" ;;
esac
