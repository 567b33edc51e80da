#!/bin/sh
# predict.sh: how long a step would take on 2 to 1,024 machines, from what two "hosts" of this machine
# measure. Prints what was measured, the latency and the bandwidth that fit it, how far four hosts are from
# that, and the model's prediction beside the ideal. As root, with Open MPI and /dev/net/tun.
set -eu
cd "$(dirname "$0")/../.."
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 DEADLINE=60
folder=$(mktemp -d)
hosts=tests/scale/hosts.sh
trap 'sh $hosts down 4 >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
g++ -std=c++20 -O2 tests/scale/switch.cpp -o "$folder/switch"
mpicxx -std=c++20 -O3 -march=native -Iinclude tests/scale/ranks.cpp -o "$folder/ranks" -pthread
g++ -std=c++20 -O3 -march=native -Iinclude tests/scale/steps.cpp -o "$folder/steps" -pthread
"$folder/steps" >"$folder/times_of_steps"
sed 's/^/measured: 4 shards of 32 on one core: /' "$folder/times_of_steps"
for delay in ${DELAYS:-0 100 1000}; do
    for gbit in ${GBITS:-1 10}; do
        sh $hosts up "$folder/switch" 4 "$delay" "$gbit"
        for n in 2 4; do
            timeout 300 sh $hosts run $n 1 "$folder/ranks" exchange 60 4096 48512 188096 306432 1048576 \
                2>/dev/null
        done >"$folder/times"
        sh $hosts down 4
        awk -v name="$delay us and $gbit Gbit/s a link" -f tests/scale/fit.awk "$folder/times_of_steps" \
            "$folder/times"
    done
done
# Two networks by their data sheets, with the same model.
for sheet in "TCP:50:1.25" "RDMA:5:12.5"; do
    echo "sheet $sheet" | awk -f tests/scale/fit.awk "$folder/times_of_steps" -
done
