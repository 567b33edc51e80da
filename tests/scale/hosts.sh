#!/bin/sh
# hosts.sh: "hosts" that are network namespaces of this machine, joined by the program `switch`. As root.
#   hosts.sh up SWITCH N MICROSECONDS GBIT    host0 ... with the addresses 10.9.0.1, 10.9.0.2, ...
#   hosts.sh run N RANKS PROGRAM...           RANKS ranks on each of N hosts, over TCP
#   hosts.sh on HOST COMMAND                  what stands in the place of ssh
#   hosts.sh cut I                            takes the link of host I down
#   hosts.sh down N
set -eu
here=$(realpath "$0")
folder=${CTNN_HOSTS:-/tmp/ctnn-hosts}
goal=$1
shift
each() { seq 0 $(($1 - 1)); }
case $goal in
up)
    mkdir -p "$folder"
    "$1" "$2" "$3" "$4" >"$folder/log" 2>&1 &
    echo $! >"$folder/switch"
    waited=0
    until grep -q ready "$folder/log"; do
        waited=$((waited + 1))
        [ $waited -lt 100 ] || { cat "$folder/log"; exit 1; }
        sleep 0.05
    done
    for i in $(each "$2"); do
        ip netns add "host$i"
        ip link set "port$i" netns "host$i"
        ip netns exec "host$i" ip addr add "10.9.0.$((i + 1))/24" dev "port$i"
        ip netns exec "host$i" ip link set "port$i" mtu 9000 up
        ip netns exec "host$i" ip link set lo up
    done
    ;;
on)
    i=$((${1##*.} - 1))
    shift
    exec ip netns exec "host$i" unshare --uts sh -c "hostname host$i; $*"
    ;;
run)
    n=$1
    ranks=$2
    shift 2
    hosts=$(seq -s, -f "10.9.0.%g:$ranks" 1 "$n")
    # The launcher reaches the others by `on`; each rank gives way to the others while it waits: there are
    # more ranks than cores.
    printf '#!/bin/sh\nexec sh "%s" on "$@"\n' "$here" >"$folder/shell"
    chmod +x "$folder/shell"
    exec ip netns exec host0 unshare --uts sh -c "hostname host0; exec mpirun --allow-run-as-root \
        --oversubscribe --host $hosts -n $((n * ranks)) --map-by slot --bind-to none \
        --mca plm_rsh_agent $folder/shell --mca pml ob1 --mca btl tcp,self,vader \
        --mca btl_tcp_if_include 10.9.0.0/24 --mca oob_tcp_if_include 10.9.0.0/24 \
        --mca mpi_yield_when_idle 1 --mca orte_keep_fqdn_hostnames 1 -x DEADLINE $*"
    ;;
cut) ip netns exec "host$1" ip link set "port$1" down ;;
down)
    [ ! -f "$folder/switch" ] || kill "$(cat "$folder/switch")" 2>/dev/null || true
    sleep 0.2
    for i in $(each "$1"); do ip netns del "host$i" 2>/dev/null || true; done
    rm -rf "$folder"
    ;;
*) exit 2 ;;
esac
