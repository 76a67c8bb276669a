"""Kernels that Numba compiles to PTX, in the folder that the argument names."""

import math
import sys
from pathlib import Path

from numba import cuda, float32, float64, int32, int64, uint32, void


def collatz_steps(out, width, height):
    column, row = cuda.grid(2)
    if column < width and row < height:
        x, steps = int64(row * width + column + 1), 0
        while x != 1:
            x = 3 * x + 1 if x % 2 else x // 2
            steps += 1
        out[row, column] = steps


def block_sums(values, sums):
    shared = cuda.shared.array(128, float64)
    thread = cuda.threadIdx.x
    total = 0.0
    for i in range(cuda.grid(1), values.size, cuda.gridsize(1)):
        total += values[i]
    shared[thread] = total
    cuda.syncthreads()
    step = 64
    while step > 0:
        if thread < step:
            shared[thread] += shared[thread + step]
        cuda.syncthreads()
        step //= 2
    if thread == 0:
        sums[cuda.blockIdx.x] = shared[0]


def count_digits(values, counts):
    i = cuda.grid(1)
    if i < values.size:
        x = abs(values[i])
        while True:
            cuda.atomic.add(counts, x % 10, 1)
            x //= 10
            if x == 0:
                break


def shift_rows(values, out):
    row, column = cuda.blockIdx.x, cuda.threadIdx.x
    if column < values.shape[1]:
        out[row, (column + row) % values.shape[1]] = math.sqrt(values[row, column]) + out.shape[0]


def sort_lists(values):
    list = cuda.local.array(16, int32)
    row = cuda.grid(1)
    if row < values.shape[0]:
        for i in range(16):
            list[i] = values[row, i]
        for i in range(1, 16):
            x, j = list[i], i - 1
            while j >= 0 and list[j] > x:
                list[j + 1] = list[j]
                j -= 1
            list[j + 1] = x
        for i in range(16):
            values[row, i] = list[i]


def warp_prefix(values, out):
    i = cuda.grid(1)
    lane = cuda.laneid
    x = values[i]
    step = 1
    while step < 32:
        y = cuda.shfl_up_sync(0xFFFFFFFF, x, step)
        if lane >= step:
            x += y
        step *= 2
    out[i] = x


KERNELS = [
    (collatz_steps, (int32[:, ::1], int32, int32)),
    (block_sums, (float64[::1], float64[::1])),
    (count_digits, (int64[::1], uint32[::1])),
    (shift_rows, (float32[:, ::1], float32[:, ::1])),
    (sort_lists, (int32[:, ::1],)),
    (warp_prefix, (int32[::1], int32[::1])),
]

folder = Path(sys.argv[1])
for capability in [(7, 5), (8, 0), (9, 0)]:
    for kernel, types in KERNELS:
        text, _ = cuda.compile_ptx(kernel, void(*types), cc=capability)
        # The name that Numba gives an entry holds its types.
        start = text.index(".entry ") + len(".entry ")
        name = text[start : text.index("(", start)]
        text = text.replace(name, kernel.__name__)
        (folder / f"numba.{kernel.__name__}.sm_{capability[0]}{capability[1]}.ptx").write_text(text)
