"""Kernels that Triton compiles to PTX, in the folder that the argument names. Blocks have 128 threads."""

import sys
from pathlib import Path

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


@triton.jit
def add_vectors(x, y, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    tl.store(out + at, tl.load(x + at, mask=inside) + tl.load(y + at, mask=inside), mask=inside)


@triton.jit
def softmax_rows(x, out, columns, BLOCK: tl.constexpr):
    row, at = tl.program_id(0), tl.arange(0, BLOCK)
    values = tl.load(x + row * columns + at, mask=at < columns, other=-float("inf"))
    powers = tl.exp(values - tl.max(values, 0))
    tl.store(out + row * columns + at, powers / tl.sum(powers, 0), mask=at < columns)


@triton.jit
def layer_norm(x, weight, bias, out, columns, epsilon, BLOCK: tl.constexpr):
    row, at = tl.program_id(0), tl.arange(0, BLOCK)
    inside = at < columns
    values = tl.load(x + row * columns + at, mask=inside, other=0.0).to(tl.float32)
    mean = tl.sum(values, 0) / columns
    centred = tl.where(inside, values - mean, 0.0)
    variance = tl.sum(centred * centred, 0) / columns
    scaled = centred / tl.sqrt(variance + epsilon)
    result = scaled * tl.load(weight + at, mask=inside) + tl.load(bias + at, mask=inside)
    tl.store(out + row * columns + at, result, mask=inside)


@triton.jit
def count_values(x, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    values = tl.load(x + at, mask=at < n, other=0)
    tl.atomic_add(out, tl.sum(values, 0))
    tl.atomic_max(out + 1, tl.max(values, 0))
    tl.atomic_add(out + 2 + (values & 7), 1, mask=at < n)


@triton.jit
def prefix_sums(x, out, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    tl.store(out + at, tl.cumsum(tl.load(x + at), 0))


@triton.jit
def sort_values(x, out, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.sort(tl.load(x + at)))


@triton.jit
def transpose_tile(x, out, BLOCK: tl.constexpr):
    row, column = tl.arange(0, BLOCK)[:, None], tl.arange(0, BLOCK)[None, :]
    tl.store(out + row * BLOCK + column, tl.trans(tl.load(x + row * BLOCK + column)))


@triton.jit
def sum_rows_ahead(x, out, rows, BLOCK: tl.constexpr):
    at = tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), dtype=tl.float32)
    for row in tl.range(0, rows, num_stages=3):
        total += tl.load(x + row * BLOCK + at)
    tl.store(out + at, total)


@triton.jit
def to_fp8(x, out, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.load(x + at).to(tl.float8e4nv))


@triton.jit
def argmax_rows(x, out, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    tl.store(out + row, tl.argmax(tl.load(x + row * BLOCK + tl.arange(0, BLOCK)), 0))


@triton.jit
def locked_increment(lock, counter):
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    tl.store(counter, tl.load(counter, volatile=True) + 1)
    tl.atomic_xchg(lock, 0)


KERNELS = [
    (add_vectors, ["*fp32", "*fp32", "*fp32", "i32"], 256),
    (softmax_rows, ["*fp32", "*fp32", "i32"], 512),
    (layer_norm, ["*fp16", "*fp32", "*fp32", "*fp16", "i32", "fp32"], 512),
    (count_values, ["*i32", "*i32", "i32"], 256),
    (prefix_sums, ["*i32", "*i32"], 512),
    (sort_values, ["*i32", "*i32"], 128),
    (transpose_tile, ["*fp32", "*fp32"], 64),
    (sum_rows_ahead, ["*fp32", "*fp32", "i32"], 128),
    (to_fp8, ["*fp32", "*fp8e4nv"], 512),
    (argmax_rows, ["*fp32", "*i32"], 256),
    (locked_increment, ["*i32", "*i32"], None),
]

folder = Path(sys.argv[1])
for kernel, types, block in KERNELS:
    signature = dict(zip(kernel.arg_names, types + (["constexpr"] if block else [])))
    # Buffers are aligned, as PyTorch's are.
    aligned = {(i,): [["tt.divisibility", 16]] for i, type in enumerate(types) if type.startswith("*")}
    for capability in [75, 80, 90, 100]:
        if kernel is to_fp8 and capability < 89:
            continue
        source = ASTSource(kernel, signature, {"BLOCK": block} if block else {}, attrs=aligned)
        compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32))
        # The launcher must give as much dynamic shared memory.
        text = f"// {compiled.metadata.shared} bytes of dynamic shared memory\n" + compiled.asm["ptx"]
        (folder / f"triton.{kernel.__name__}.sm_{capability}.ptx").write_text(text)
