// SPDX-License-Identifier: BSD-3-Clause
/// switch N MICROSECONDS GBIT: a switch of N ports, each a tap device port0, port1, ... that takes so long
/// and lets so much through. For kernels without a network emulator.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace {

using seconds = double;
using address = std::array<char, 6>;

seconds now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Frame {
    seconds due;
    std::vector<char> bytes;
};
/// What waits to leave by a port, and until when the port's link is busy.
struct Port {
    int device = -1;
    std::deque<Frame> waiting;
    seconds busy_until = 0;
};

int open_port(int number)
{
    const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "port%d", number);
    if (device < 0 || ::ioctl(device, TUNSETIFF, &request) < 0) {
        std::perror("switch: /dev/net/tun");
        std::exit(1);
    }
    return device;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 4) {
        std::fprintf(stderr, "usage: switch PORTS MICROSECONDS GBIT\n");
        return 2;
    }
    const seconds delay = std::atof(argv[2]) * 1e-6;
    const double bytes_a_second = std::atof(argv[3]) * 1e9 / 8;
    std::vector<Port> ports(static_cast<std::size_t>(std::atoi(argv[1])));
    std::vector<pollfd> polled;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        ports[i].device = open_port(static_cast<int>(i));
        polled.push_back({ports[i].device, POLLIN, 0});
    }
    std::puts("ready");
    std::fflush(stdout);
    std::map<address, std::size_t> port_of;
    std::vector<char> bytes(65'536 + 64);
    for (;;) {
        seconds next = now() + 0.5;
        for (const Port& port : ports)
            if (!port.waiting.empty()) next = std::min(next, port.waiting.front().due);
        const auto wait = static_cast<long>(std::max(0.0, next - now()) * 1e9);
        const timespec patience{0, std::min(wait, 500'000'000L)};
        ::ppoll(polled.data(), polled.size(), &patience, nullptr);
        for (std::size_t from = 0; from < ports.size(); ++from)
            for (int frames = 0; frames < 64; ++frames) {
                const ssize_t n = ::read(ports[from].device, bytes.data(), bytes.size());
                if (n <= 14) break;
                address to{}, of{};
                std::memcpy(to.data(), bytes.data(), to.size());
                std::memcpy(of.data(), bytes.data() + to.size(), of.size());
                port_of[of] = from;
                const auto known = port_of.find(to);
                for (std::size_t other = 0; other < ports.size(); ++other) {
                    if (other == from || (known != port_of.end() && known->second != other)) continue;
                    Port& port = ports[other];
                    port.busy_until =
                        std::max(port.busy_until, now()) + static_cast<double>(n) / bytes_a_second;
                    port.waiting.push_back({port.busy_until + delay, {bytes.data(), bytes.data() + n}});
                }
            }
        for (Port& port : ports)
            while (!port.waiting.empty() && port.waiting.front().due <= now()) {
                const auto& frame = port.waiting.front().bytes;
                if (::write(port.device, frame.data(), frame.size()) < 0 && errno == EAGAIN) break;
                port.waiting.pop_front();
            }
    }
}
