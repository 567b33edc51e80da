// SPDX-License-Identifier: BSD-3-Clause
#include "net.hpp"

float second();
float second() { return train_a_little(); }
