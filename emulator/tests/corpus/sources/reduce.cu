// Reductions: shuffles, shared memory, redux, atomics.
#include <cstdint>
#include <cfloat>

template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(0xffffffffu, value, offset);
    return value;
}

template <typename T>
__device__ T block_sum(T value) {
    __shared__ T partial[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    value = warp_sum(value);
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    int warps = (blockDim.x + 31) / 32;
    value = threadIdx.x < warps ? partial[lane] : T(0);
    if (warp == 0) value = warp_sum(value);
    return value;
}

extern "C" __global__ void sum_ints(const int *x, int n, int *total) {
    int value = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) value += x[i];
    value = block_sum(value);
    if (threadIdx.x == 0) atomicAdd(total, value);
}

extern "C" __global__ void dot_doubles(const double *x, const double *y, int n, double *partial) {
    double value = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) value += x[i] * y[i];
    value = block_sum(value);
    if (threadIdx.x == 0) partial[blockIdx.x] = value;
}

// The classic tree in dynamic shared memory.
extern "C" __global__ void max_floats(const float *x, int n, float *out) {
    extern __shared__ float values[];
    float best = -FLT_MAX;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) best = fmaxf(best, x[i]);
    values[threadIdx.x] = best;
    __syncthreads();
    for (unsigned step = blockDim.x / 2; step > 0; step >>= 1) {
        if (threadIdx.x < step) values[threadIdx.x] = fmaxf(values[threadIdx.x], values[threadIdx.x + step]);
        __syncthreads();
    }
    if (threadIdx.x == 0) out[blockIdx.x] = values[0];
}

// Value and place travel as one 64-bit integer, so that one atomic decides.
extern "C" __global__ void argmin_ints(const int *x, int n, unsigned long long *best) {
    unsigned long long mine = ~0ull;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        unsigned long long key = (unsigned long long)(unsigned(x[i]) ^ 0x80000000u) << 32 | unsigned(i);
        mine = key < mine ? key : mine;
    }
    for (int offset = 16; offset > 0; offset >>= 1) {
        unsigned long long other = __shfl_xor_sync(0xffffffffu, mine, offset);
        mine = other < mine ? other : mine;
    }
    if ((threadIdx.x & 31) == 0) atomicMin(best, mine);
}

// How many elements are in a range, and whether all are: block-wide votes.
extern "C" __global__ void count_in_range(const int *x, int n, int low, int high, int *counts, int *all) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    bool inside = i < n && x[i] >= low && x[i] <= high;
    int count = __syncthreads_count(inside);
    int every = __syncthreads_and(inside || i >= n);
    int some = __syncthreads_or(inside);
    if (threadIdx.x == 0) {
        counts[blockIdx.x] = count;
        all[blockIdx.x] = every * 2 + (some != 0);
    }
}

#if __CUDA_ARCH__ >= 800
extern "C" __global__ void reduce_in_warp(const unsigned *x, unsigned *out) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x, value = x[i];
    unsigned *mine = out + i / 32 * 6;
    unsigned add = __reduce_add_sync(~0u, value), low = __reduce_min_sync(~0u, value), high = __reduce_max_sync(~0u, value);
    unsigned all = __reduce_and_sync(~0u, value), any = __reduce_or_sync(~0u, value), odd = __reduce_xor_sync(~0u, value);
    if (threadIdx.x % 32 == 0) {
        mine[0] = add; mine[1] = low; mine[2] = high; mine[3] = all; mine[4] = any; mine[5] = odd;
    }
}
#endif
