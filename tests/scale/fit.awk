# For predict.sh: lines "exchange N ranks M hosts BYTES bytes T us" to a latency and a bandwidth, and what
# they mean for larger numbers of machines. Or a line "sheet NAME:MICROSECONDS:GIGABYTES".
#
# The model: an exchange of n machines is log2(n) rounds, each a latency and all bytes once; machines do not
# disturb each other. Least squares of the relative errors, of two hosts.
function predict(latency, per_byte,    machines, rounds, lecture, dense, rows) {
    printf "model:    %8s %14s %9s %21s %16s\n", "machines", "lecture's net", "of ideal",
        "rows of 100 M numbers", "dense, 4 MB"
    for (machines = 2; machines <= 1024; machines *= machines < 8 ? 2 : (machines < 64 ? 8 : 4)) {
        rounds = log(machines) / log(2)
        lecture = step + rounds * (latency + 48512 * per_byte)
        dense = rounds * (latency + 4194304 * per_byte)
        rows = 2 * (latency + 1638400 * (machines - 1) / machines * per_byte) # to their owners and back
        printf "model:    %8d %11.0f us %8.1f%% %18.0f us %13.0f us\n", machines, lecture,
            100 * step / lecture, rows, dense
    }
}
$1 == "exchange" {
    printf "measured: %s, %d hosts: %7d bytes in %9.1f us\n", name, $4, $6, $8
    if ($4 == 2) {
        weight = 1 / ($8 * $8)
        s += weight; sx += weight * $6; sy += weight * $8
        sxx += weight * $6 * $6; sxy += weight * $6 * $8
    } else {
        bytes[++others] = $6
        time[others] = $8
    }
}
$1 == "sheet" {
    split($2, part, ":")
    printf "sheet:    %s, latency %s us, %s GB/s\n", part[1], part[2], part[3]
    predict(part[2], 1e-3 / part[3])
}
END {
    if (s == 0) exit
    per_byte = (s * sxy - sx * sy) / (s * sxx - sx * sx)
    latency = (sy - per_byte * sx) / s
    printf "fit:      latency %.0f us, %.2f GB/s\n", latency, 1e-3 / per_byte
    for (i = 1; i <= others; ++i)
        printf "fit:      four hosts, %7d bytes: measured %.1f times the model\n", bytes[i],
            time[i] / (2 * (latency + bytes[i] * per_byte))
    predict(latency, per_byte)
}
