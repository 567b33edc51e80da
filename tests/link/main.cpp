// SPDX-License-Identifier: BSD-3-Clause
/// Both units train the same net; the losses agree although the instruction sets may differ.
#include <cmath>
#include <cstdio>
#include <string>

float first();
float second();
std::string first_arch();

int main()
{
#if defined(__x86_64__)
    if (first_arch() == "avx2" && !__builtin_cpu_supports("avx2"))
        return 77; // this CPU cannot run the first unit
#endif
    const float a = first(), b = second();
    std::printf("first (%s) %.6f   second %.6f\n", first_arch().c_str(), static_cast<double>(a),
                static_cast<double>(b));
    return std::fabs(a - b) <= 1e-3F * std::fabs(b) ? 0 : 1;
}
