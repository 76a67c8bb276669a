// Prefix sums: within a warp, a block, a segment, and over the grid in one pass.
#include <cstdint>

__device__ int warp_inclusive(int value) {
    int lane = threadIdx.x & 31;
#pragma unroll
    for (int offset = 1; offset < 32; offset <<= 1) {
        int below = __shfl_up_sync(~0u, value, offset);
        if (lane >= offset) value += below;
    }
    return value;
}

// Exclusive prefix of a block of at most 1024 threads; `total` is the sum.
__device__ int block_exclusive(int value, int *total) {
    __shared__ int sums[33];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int inclusive = warp_inclusive(value);
    if (lane == 31) sums[warp] = inclusive;
    __syncthreads();
    if (warp == 0) {
        int mine = lane < blockDim.x / 32 ? sums[lane] : 0;
        int scanned = warp_inclusive(mine);
        sums[lane] = scanned - mine;
        if (lane == 31) sums[32] = scanned;
    }
    __syncthreads();
    *total = sums[32];
    return inclusive - value + sums[warp];
}

extern "C" __global__ void exclusive_scan_block(const int *x, int *out, int *totals, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, total;
    int prefix = block_exclusive(i < n ? x[i] : 0, &total);
    if (i < n) out[i] = prefix;
    if (threadIdx.x == 0) totals[blockIdx.x] = total;
}

// Hillis and Steele, two buffers.
extern "C" __global__ void inclusive_scan_doubling(const float *x, float *out, int n) {
    extern __shared__ float buffer[];
    int i = threadIdx.x, from = 0, to = 1;
    buffer[i] = i < n ? x[i] : 0;
    __syncthreads();
    for (int offset = 1; offset < blockDim.x; offset *= 2) {
        float value = buffer[from * blockDim.x + i];
        if (i >= offset) value += buffer[from * blockDim.x + i - offset];
        buffer[to * blockDim.x + i] = value;
        from ^= 1;
        to ^= 1;
        __syncthreads();
    }
    if (i < n) out[i] = buffer[from * blockDim.x + i];
}

// Sums restart wherever a head is set.
extern "C" __global__ void segmented_scan(const int *x, const uint8_t *heads, int *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x & 31;
    int value = i < n ? x[i] : 0;
    unsigned starts = __ballot_sync(~0u, i < n && heads[i]) | 1u;
    int first = 31 - __clz(starts & (0xffffffffu >> (31 - lane)));
    for (int offset = 1; offset < 32; offset <<= 1) {
        int below = __shfl_up_sync(~0u, value, offset);
        if (lane - offset >= first) value += below;
    }
    if (i < n) out[i] = value;
}

// One pass with decoupled look-back: a block publishes its sum, then its prefix. `state` starts as zeros.
extern "C" __global__ void inclusive_scan_lookback(const int *x, int *out, int n, volatile unsigned long long *state, unsigned *ticket) {
    __shared__ unsigned block;
    __shared__ int before;
    if (threadIdx.x == 0) block = atomicAdd(ticket, 1);
    __syncthreads();
    int i = block * blockDim.x + threadIdx.x, total;
    int value = i < n ? x[i] : 0;
    int prefix = block_exclusive(value, &total);
    if (threadIdx.x == 0) {
        const unsigned long long SUM = 1ull << 32, PREFIX = 2ull << 32;
        int sum = 0;
        if (block > 0) {
            state[block] = SUM | unsigned(total);
            for (int other = int(block) - 1; other >= 0;) {
                unsigned long long seen = state[other];
                if (seen == 0) continue;
                sum += int(unsigned(seen));
                if (seen & PREFIX) break;
                --other;
            }
        }
        __threadfence();
        state[block] = PREFIX | unsigned(sum + total);
        before = sum;
    }
    __syncthreads();
    if (i < n) out[i] = before + prefix + value;
}

// Keeps the elements that a predicate chooses, in order, block by block.
extern "C" __global__ void compact_positive(const int *x, int n, int *out, int *counts) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, total;
    bool keep = i < n && x[i] > 0;
    int place = block_exclusive(keep, &total);
    if (keep) out[blockIdx.x * blockDim.x + place] = x[i];
    if (threadIdx.x == 0) counts[blockIdx.x] = total;
}
