#!/usr/bin/env python3
"""Makes include/ctnn/simd/tanh_table.hpp: python3 tanh_table.py > ../../../include/ctnn/simd/tanh_table.hpp

Needs numpy. Each stretch of the axis has a centre c and a polynomial of degree 5 in a - c with the least
relative error, by Lawson's reweighted least squares; its coefficients are rounded one after the other, each
time with the rest fitted anew. The centre is moved among the floats near the middle until tanh c is almost a
float itself, so that the first coefficient costs no accuracy.
"""
import numpy as np

ENTRIES, STEP, END = 32, 21, 9.03  # of the table; bits that are cut off; where tanh rounds to 1


def centre(low, high):
    middle = int(np.float32((low + high) / 2).view(np.uint32))
    near = np.arange(middle - 4000, middle + 4000).astype(np.uint32).view(np.float32).astype(np.longdouble)
    off = abs(np.tanh(near).astype(np.float32).astype(np.longdouble) - np.tanh(near))
    return near[off.argmin()]


def least_squares(a, b):
    q, m = a.copy(), a.shape[1]
    r = np.zeros((m, m), dtype=np.longdouble)
    for j in range(m):
        for _ in range(2):
            for i in range(j):
                h = q[:, i] @ q[:, j]
                r[i, j] += h
                q[:, j] -= h * q[:, i]
        r[j, j] = np.sqrt(q[:, j] @ q[:, j])
        q[:, j] /= r[j, j]
    x = q.T @ b
    for j in range(m - 1, -1, -1):
        x[j] = (x[j] - r[j, j + 1 :] @ x[j + 1 :]) / r[j, j]
    return x


def polynomial(low, high, c, known):
    nodes = np.cos((2 * np.arange(400) + 1) / 800 * np.pi).astype(np.longdouble)
    a = (low + high) / 2 + (high - low) / 2 * nodes
    y, d = np.tanh(a), a - c
    coefficient = dict(known)
    left = [k for k in range(6) if k not in known]
    while left:
        weight = np.ones_like(a)
        target = y - sum(coefficient[k] * d**k for k in coefficient)
        basis = np.stack([d**k for k in left], 1)
        for _ in range(200):
            scale = np.sqrt(weight) / y
            found = least_squares(basis * scale[:, None], target * scale)
            error = abs(basis @ found - target) / y
            weight *= error / error.mean() + 1e-12
            weight /= weight.mean()
        coefficient[left.pop(0)] = np.longdouble(np.float32(found[0]))
    return [coefficient[k] for k in range(6)]


def rough():
    """A straight line on each stretch, within 8e-4: stretch k has the numbers nearest k / 8."""
    lines = [(0.0, 1.0)]
    for k in range(1, ENTRIES):
        a = np.linspace((k - 0.5) / 8, (k + 0.5) / 8 if k < ENTRIES - 1 else (k + 0.49) / 8, 2001)
        slope = (np.tanh(a[-1]) - np.tanh(a[0])) / (a[-1] - a[0])
        off = np.tanh(a) - slope * a
        lines.append(((off.max() + off.min()) / 2, slope))
    print("/// tanh a = rough_tanh[0][k] + rough_tanh[1][k] a within 8e-4, k being 8 a rounded, at most 31.")
    print("alignas(64) inline constexpr float rough_tanh[2][%d] = {" % ENTRIES)
    for j in range(2):
        print("    {", end="")
        for k in range(ENTRIES):
            text = "%.9g" % np.float32(lines[k][j])
            text += "F" if "." in text or "e" in text else ".F"
            print(text + ("" if k == ENTRIES - 1 else ", " if k % 6 < 5 else ",\n     "), end="")
        print("},")
    print("};")


def main():
    rows = [[0.0] * 7 for _ in range(ENTRIES)]
    for bits in range(0x3E000000 >> STEP, (0x41100000 >> STEP) + 1):
        low, high = np.array([bits << STEP, (bits + 1) << STEP], dtype=np.uint32).view(np.float32)
        low, high = np.longdouble(low), min(np.longdouble(high), np.longdouble(END))
        first = bits == 0x3E000000 >> STEP  # everything below it too
        c = np.longdouble(0) if first else centre(low, high)
        known = {0: np.longdouble(0), 1: np.longdouble(1)} if first else {}
        rows[bits % ENTRIES] = [c] + polynomial(np.longdouble(1e-4) if first else low, high, c, known)
    print("""// SPDX-License-Identifier: BSD-3-Clause
/// The table of tanh for registers that look up 32 numbers; made by tests/unit/simd/tanh_table.py.
#pragma once

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::coefficients {

/// tanh a = c[1] + d (c[2] + ... + d c[6]) with d = a - c[0] and c[k] = tanh_table[k][i], where i is the last
/// 5 bits of the bits of max(a, `tanh_table_start`) without the last `tanh_table_step`: four stretches
/// between neighbouring powers of 2, and what is below the first. Relative error 3e-8 up to
/// `tanh_table_end`, from where on tanh rounds to 1.""")
    print("inline constexpr float tanh_table_start = 0.125F;")
    print("inline constexpr float tanh_table_end = %sF; ///< see `tanh_table_start`" % END)
    print("inline constexpr int tanh_table_step = %d;     ///< see `tanh_table_start`" % STEP)
    print("// clang-format off\n/// See `tanh_table_start`.")
    print("alignas(64) inline constexpr float tanh_table[7][%d] = {" % ENTRIES)
    for k in range(7):
        print("    {", end="")
        for i in range(ENTRIES):
            text = "%.9g" % rows[i][k]
            text += "F" if "." in text or "e" in text else ".F"
            print(text + ("" if i == ENTRIES - 1 else ", " if i % 6 < 5 else ",\n     "), end="")
        print("},")
    print("};")
    rough()
    print("// clang-format on\n\n} // namespace ctnn::inline CTNN_ARCH::coefficients")


main()
