# For predict.sh: lines "step NET T us BYTES bytes", and "exchange N ranks M hosts BYTES bytes T us" to a
# latency and a bandwidth, and what they mean for larger numbers of machines. Or, in place of exchanges, a
# line "sheet NAME:MICROSECONDS:GIGABYTES".
#
# The model: an exchange of n machines is log2(n) rounds, each a latency and all bytes once; of 256 KB and
# more, from four machines on, twice as many rounds, which together carry them twice but for an n-th.
# Machines do not disturb each other. Least squares of the relative errors, of two hosts.
function exchange(bytes, machines,    rounds) {
    rounds = log(machines) / log(2)
    if (machines < 4 || bytes < 262144) return rounds * (latency + bytes * per_byte)
    return 2 * rounds * latency + 2 * bytes * (machines - 1) / machines * per_byte
}
function predict(    machines, i, time) {
    printf "model:    %8s", "machines"
    for (i = 1; i <= nets; ++i) printf " %13s us %9s", net[i], "of ideal"
    printf " %21s %13s\n", "100 M numbers by rows", "4 MB dense"
    for (machines = 2; machines <= 1024; machines *= machines < 8 ? 2 : (machines < 64 ? 8 : 4)) {
        printf "model:    %8d", machines
        for (i = 1; i <= nets; ++i) {
            time = step[i] + exchange(bytes_of[i], machines)
            printf " %13.0f us %7.1f %%", time, 100 * step[i] / time
        }
        # rows of all to all, as they are exchanged; what is in brackets: to their owners and back
        printf " %8.0f us (%7.0f) %10.0f us\n",
            log(machines) / log(2) * latency + 1638400 * (machines - 1) * per_byte,
            2 * (latency + 1638400 * (machines - 1) / machines * per_byte), exchange(4194304, machines)
    }
}
$1 == "step" {
    net[++nets] = $2
    step[nets] = $3
    bytes_of[nets] = $5
}
$1 == "exchange" {
    printf "measured: %s, %d hosts: %7d bytes in %9.1f us\n", name, $4, $6, $8
    if ($4 == 2) {
        weight = 1 / ($8 * $8)
        s += weight; sx += weight * $6; sy += weight * $8
        sxx += weight * $6 * $6; sxy += weight * $6 * $8
    } else {
        bytes[++others] = $6
        time_of[others] = $8
    }
}
$1 == "sheet" {
    split($2, part, ":")
    printf "sheet:    %s, latency %s us, %s GB/s\n", part[1], part[2], part[3]
    latency = part[2]
    per_byte = 1e-3 / part[3]
    predict()
}
END {
    if (s == 0) exit
    per_byte = (s * sxy - sx * sy) / (s * sxx - sx * sx)
    latency = (sy - per_byte * sx) / s
    printf "fit:      latency %.0f us, %.2f GB/s\n", latency, 1e-3 / per_byte
    for (i = 1; i <= others; ++i)
        printf "fit:      four hosts, %7d bytes: measured %.1f times the model\n", bytes[i],
            time_of[i] / exchange(bytes[i], 4)
    predict()
}
